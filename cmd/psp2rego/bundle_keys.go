// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"psp2rego/bundles/opa"
)

// Variables that hold a key in PEM, for who has no file of it.
const signingVariable, verificationVariable = "PSP2REGO_SIGNING_KEY", "PSP2REGO_VERIFICATION_KEY"

// keyFlags name a key, and what a signature by it says.
type keyFlags struct{ file, id, scope string }

func (k *keyFlags) addFlags(flags *pflag.FlagSet, name, id string) {
	flags.StringVar(&k.file, name, "", "file with the key in PEM")
	flags.StringVar(&k.id, "key-id", id, "name of the key in the signature")
	flags.StringVar(&k.scope, "scope", "", "what the signature is for")
}

// read gives the key's PEM, and where it is from; the flag goes before the variable. No key is none.
func (k *keyFlags) read(variable string) (data []byte, from string, err error) {
	if k.file != "" {
		data, err := os.ReadFile(k.file)
		return data, k.file, err
	}
	return []byte(os.Getenv(variable)), "$" + variable, nil
}

// signing gives the key to sign with, or nil.
func (k *keyFlags) signing() (*opa.SigningKey, error) {
	data, from, err := k.read(signingVariable)
	if err != nil || len(data) == 0 && k.file == "" {
		return nil, err
	}
	key, err := opa.ParseSigningKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	key.ID, key.Scope = k.id, k.scope
	return &key, nil
}

// verification gives the key to verify with, or nil.
func (k *keyFlags) verification() (*opa.VerificationKey, error) {
	data, from, err := k.read(verificationVariable)
	if err != nil || len(data) == 0 && k.file == "" {
		return nil, err
	}
	key, err := opa.ParseVerificationKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	key.ID, key.Scope = k.id, k.scope
	return &key, nil
}
