// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"

	"psp2rego/translate"
)

// Sign gives the bundle of a tarball a signature that OPA verifies; see Bundle.Sign.
func Sign(tarball []byte, key SigningKey) ([]byte, error) {
	b, err := ReadTarball(tarball)
	if err != nil {
		return nil, err
	}
	signed, err := b.Sign(key)
	if err != nil {
		return nil, err
	}
	return signed.Tarball()
}

// Sign gives the bundle with a signature over all its files, in the place of any that it had. It refuses, with a
// *ConflictError, a bundle that was changed since it was written. RSA and Ed25519 give equal bytes for equal bundles; P-256
// does not.
func (b *Bundle) Sign(key SigningKey) (*Bundle, error) {
	if key.pem == "" {
		return nil, errors.New("sign bundle: no key")
	}
	if err := b.Expect(""); err != nil {
		return nil, err
	}
	files := slices.DeleteFunc(slices.Clone(b.Files), func(f translate.File) bool { return f.Path == signaturesName })
	infos, err := hashFiles(files)
	if err != nil {
		return nil, err
	}
	token, err := signedToken(infos, key)
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	data, err := json.MarshalIndent(bundle.SignaturesConfig{Signatures: []string{token}}, "", "  ")
	if err != nil {
		return nil, err
	}
	files = slices.Insert(files, 1, translate.File{Path: signaturesName, Data: append(data, '\n')})
	return &Bundle{Files: files, Revision: b.Revision}, nil
}

// hashFiles gives the digests that OPA expects in a signature: of JSON that it reads the canonical form counts, of other files
// the bytes.
func hashFiles(files []translate.File) ([]bundle.FileInfo, error) {
	hasher, err := bundle.NewSignatureHasher(bundle.SHA256)
	if err != nil {
		return nil, err
	}
	infos := make([]bundle.FileInfo, 0, len(files))
	for _, f := range files {
		var value any = f.Data
		if bundle.IsStructuredDoc(f.Path) {
			if err := util.Unmarshal(f.Data, &value); err != nil {
				return nil, fmt.Errorf("sign bundle file %s: %w", f.Path, err)
			}
		}
		sum, err := hasher.HashFile(value)
		if err != nil {
			return nil, fmt.Errorf("sign bundle file %s: %w", f.Path, err)
		}
		infos = append(infos, bundle.NewFile(f.Path, hex.EncodeToString(sum), string(bundle.SHA256)))
	}
	return infos, nil
}

// signedToken lets OPA sign. It takes the scope from a file alone.
func signedToken(infos []bundle.FileInfo, key SigningKey) (_ string, err error) {
	id := cmp.Or(key.ID, DefaultKeyID)
	config := bundle.NewSigningConfig(key.pem, key.algorithm, "")
	if key.Scope != "" {
		folder, err := os.MkdirTemp("", "psp2rego-")
		if err != nil {
			return "", err
		}
		defer os.RemoveAll(folder) // holds nothing secret
		claims, err := json.Marshal(map[string]string{"scope": key.Scope, "keyid": id})
		if err != nil {
			return "", err
		}
		config.ClaimsPath = filepath.Join(folder, "claims.json")
		if err := os.WriteFile(config.ClaimsPath, claims, 0o600); err != nil {
			return "", err
		}
	}
	return bundle.GenerateSignedToken(infos, config, id)
}

// Verify reads the tarball as OPA does that has the key, and returns why OPA would not take it: there is no signature, it is by
// another key or for another scope, or a file is not signed, missing, changed or not understood.
func Verify(tarball []byte, key VerificationKey) error {
	if key.pem == "" {
		return errors.New("verify bundle: no key")
	}
	if _, err := unpack(bytes.NewReader(tarball)); err != nil { // OPA does not see a cut that spares the archive in it
		return fmt.Errorf("verify bundle: %w", err)
	}
	id := cmp.Or(key.ID, DefaultKeyID)
	config := bundle.NewVerificationConfig(map[string]*bundle.KeyConfig{
		id: {Key: key.pem, Algorithm: key.algorithm, Scope: key.Scope},
	}, "", key.Scope, nil)
	if key.ID == "" { // the key is to be used whatever the signature calls it
		config.KeyID = id
	}
	reader := bundle.NewCustomReader(bundle.NewTarballLoaderWithBaseURL(bytes.NewReader(tarball), ""))
	if _, err := reader.WithBundleVerificationConfig(config).Read(); err != nil {
		return fmt.Errorf("verify bundle: %w", err)
	}
	return nil
}

// Verify is the function Verify for the bundle's files.
func (b *Bundle) Verify(key VerificationKey) error {
	tarball, err := b.Tarball()
	if err != nil {
		return err
	}
	return Verify(tarball, key)
}
