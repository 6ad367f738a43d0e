// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// DefaultKeyID is the name that OPA gives to a key that its command line names.
const DefaultKeyID = "default"

// SigningKey signs bundles. ParseSigningKey makes one.
type SigningKey struct {
	// ID names the key in the signature: OPA looks the public key up by it in its configuration. Empty is DefaultKeyID.
	ID string
	// Scope is what the signature is for, if not empty: who verifies has to expect the same.
	Scope string

	pem, algorithm string
}

// VerificationKey verifies signatures of bundles. ParseVerificationKey makes one.
type VerificationKey struct {
	// ID is what the signature has to call its key; empty accepts every name.
	ID string
	// Scope is what the signature has to be for; empty accepts those without a scope.
	Scope string

	pem, algorithm string
}

// Algorithm is what the key signs by: RS256, ES256 or EdDSA.
func (k SigningKey) Algorithm() string { return k.algorithm }

// Algorithm is what the key verifies: RS256, ES256 or EdDSA.
func (k VerificationKey) Algorithm() string { return k.algorithm }

// PEM is the key as OPA's configuration takes it.
func (k VerificationKey) PEM() string { return k.pem }

// ParseSigningKey takes a private key in PEM: RSA of at least 2048 bits (signs by RS256), P-256 (ES256) or Ed25519 (EdDSA).
func ParseSigningKey(data []byte) (SigningKey, error) {
	block, err := keyBlock(data)
	if err != nil {
		return SigningKey{}, err
	}
	var key any
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return SigningKey{}, fmt.Errorf("a private key is needed to sign, and this is a %s", strings.ToLower(block.Type))
	}
	if err != nil {
		return SigningKey{}, fmt.Errorf("the private key cannot be read: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return SigningKey{}, errKind
	}
	algorithm, err := algorithmOf(signer.Public())
	return SigningKey{pem: string(pem.EncodeToMemory(block)), algorithm: algorithm}, err
}

// ParseVerificationKey takes a public key, or a certificate that holds it, in PEM, of the kinds that ParseSigningKey takes.
func ParseVerificationKey(data []byte) (VerificationKey, error) {
	block, err := keyBlock(data)
	if err != nil {
		return VerificationKey{}, err
	}
	var key any
	switch block.Type {
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = certificate.PublicKey
		}
	default:
		return VerificationKey{}, fmt.Errorf("a public key is needed to verify, and this is a %s", strings.ToLower(block.Type))
	}
	if err != nil {
		return VerificationKey{}, fmt.Errorf("the public key cannot be read: %w", err)
	}
	algorithm, err := algorithmOf(key)
	return VerificationKey{pem: string(pem.EncodeToMemory(block)), algorithm: algorithm}, err
}

var errKind = errors.New("keys of this kind are not supported: RSA of at least 2048 bits, P-256 and Ed25519 are")

// keyBlock gives the first PEM block that is more than the parameters of an elliptic curve.
func keyBlock(data []byte) (*pem.Block, error) {
	for {
		block, rest := pem.Decode(data)
		switch {
		case block == nil:
			return nil, errors.New("no key in PEM: it begins with -----BEGIN and the kind of key")
		case block.Type == "EC PARAMETERS":
			data = rest
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return nil, errors.New("the key is protected by a passphrase; give one that is not")
		default:
			return block, nil
		}
	}
}

func algorithmOf(key crypto.PublicKey) (string, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() >= 2048 {
			return "RS256", nil
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return "ES256", nil
		}
	case ed25519.PublicKey:
		return "EdDSA", nil
	}
	return "", errKind
}
