// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"

	"psp2rego/translate/rbac"
)

// Inspection is what a bundle tells about itself.
type Inspection struct {
	Revision  string            // what the manifest says
	Roots     []string          // the parts of OPA's data that the bundle owns
	Version   string            // of the psp2rego that wrote it
	Engine    string            // version of the OPA that psp2rego had
	Dialect   string            // "kubernetes" or "mke"
	Server    string            // version of the API server that asks, as in 1.31
	Sources   map[string]string // digests of the files that were read, by name
	Policies  []string          // names, sorted
	Grants    Grants
	Edited    []string   // what had been changed by hand when the bundle was packed
	Changes   []Change   // what was changed since then, without diffs
	Signature *Signature // nil if there is none
}

// Grants counts who may use policies.
type Grants struct {
	Users  int // with a grant
	Groups int // likewise
	// Total is the number of pairs of a subject and a policy, or all policies, in a namespace or in all.
	Total int
}

// Signature is what a signature says. It proves nothing until Verify has been asked.
type Signature struct {
	Algorithm, KeyID, Scope string
}

// Inspect tells what the bundle is. An error means that it holds data or a signature that cannot be read.
func (b *Bundle) Inspect() (*Inspection, error) {
	m, ok := decodeManifest(b.file(manifestName))
	if !ok {
		return nil, ErrForeign
	}
	r := m.Metadata.Record
	i := &Inspection{
		Revision: m.Revision, Roots: m.Roots, Version: r.Version, Engine: r.Engine, Dialect: r.Dialect, Server: r.Server,
		Sources: r.Sources, Edited: r.Edited,
	}
	i.Changes, _ = changed(b.Files)
	for _, f := range b.Files {
		folder, file := path.Split(f.Path)
		if name, ok := strings.CutSuffix(file, ".rego"); ok && folder == policiesFolder && !strings.HasSuffix(name, "_test") {
			i.Policies = append(i.Policies, name)
		}
	}
	var grants rbac.Grants
	if err := b.data(grantsName, &grants); err != nil {
		return nil, err
	}
	i.Grants = Grants{Users: len(grants.Users), Groups: len(grants.Groups), Total: total(grants.Users) + total(grants.Groups)}
	var err error
	i.Signature, err = b.signature()
	return i, err
}

const (
	policiesFolder = "lib/psp/policies/"
	grantsName     = "lib/psp/grants/data.json"
)

func total(subjects map[string]*rbac.Subject) int {
	n := 0
	for _, s := range subjects {
		if s == nil {
			continue
		}
		n += len(s.Cluster)
		for _, names := range s.Namespaces {
			n += len(names)
		}
	}
	return n
}

// signature reads the signature without verifying it.
func (b *Bundle) signature() (*Signature, error) {
	if b.file(signaturesName) == nil {
		return nil, nil
	}
	var config bundle.SignaturesConfig
	if err := b.data(signaturesName, &config); err != nil {
		return nil, err
	}
	if len(config.Signatures) != 1 {
		return nil, fmt.Errorf("%s: holds %d signatures, and OPA takes one", signaturesName, len(config.Signatures))
	}
	var header struct{ Alg, Kid string }
	var claims struct{ Scope string }
	parts := strings.Split(config.Signatures[0], ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%s: the signature is no JWT", signaturesName)
	}
	for at, value := range []any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[at])
		if err := errors.Join(err, json.Unmarshal(data, value)); err != nil {
			return nil, fmt.Errorf("%s: the signature is no JWT: %w", signaturesName, err)
		}
	}
	return &Signature{Algorithm: header.Alg, KeyID: header.Kid, Scope: claims.Scope}, nil
}
