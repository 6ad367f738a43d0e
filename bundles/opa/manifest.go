// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"psp2rego/translate"
)

// roots are the parts of OPA's data document that the bundle owns: everything below them, and nothing else.
var roots = [...]string{"lib/psp", "psp", "system/main"}

// manifest is OPA's bundle manifest (v1/bundle/bundle.go, type Manifest, v1.22.2) with our record as its metadata.
type manifest struct {
	Revision    string   `json:"revision"`
	Roots       []string `json:"roots"`
	RegoVersion int      `json:"rego_version"`
	Metadata    struct {
		Record record `json:"psp2rego"`
	} `json:"metadata"`
}

// record says which tool wrote the bundle, from which files, and what each file looked like then.
type record struct {
	Version string            `json:"version"`
	Engine  string            `json:"opa"`
	Dialect string            `json:"dialect"`
	Server  string            `json:"server"`
	Sources map[string]string `json:"sources"`
	Files   map[string]string `json:"files"`
	// Edited are the files that were edited, added or deleted by hand after translation and before they were packed.
	Edited []string `json:"edited,omitempty"`
}

func newManifest(files []translate.File, sources []translate.Source, meta Meta, roots []string) manifest {
	r := record{
		Version: meta.Version, Engine: meta.Engine, Dialect: meta.Dialect,
		Server:  fmt.Sprintf("1.%d", cmp.Or(meta.ServerVersion, translate.OldestServer)),
		Sources: make(map[string]string, len(sources)),
		Files:   digests(files),
	}
	for _, s := range sources {
		r.Sources[s.Name] = s.SHA256
	}
	m := manifest{Revision: revision(r.Files), Roots: roots, RegoVersion: 1}
	m.Metadata.Record = r
	return m
}

// digests gives the digest of each file that a manifest speaks of: all but itself and the signature.
func digests(files []translate.File) map[string]string {
	sums := make(map[string]string, len(files))
	for _, f := range files {
		if f.Path != manifestName && f.Path != signaturesName {
			sums[f.Path] = digest(f.Data)
		}
	}
	return sums
}

// revision is the hex SHA-256 over paths and digests.
func revision(sums map[string]string) string {
	all := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(all, "%s\x00%s\n", path, sums[path])
	}
	return hex.EncodeToString(all.Sum(nil))
}

// encode gives the manifest its one form: keys in order, two blanks of indent, a final newline.
func (m manifest) encode() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode %s: %w", manifestName, err)
	}
	return buf.Bytes(), nil
}

// decodeManifest reads a manifest that psp2rego wrote. ok is false for any other manifest, and for bytes that are none.
func decodeManifest(data []byte) (m manifest, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&m); err != nil {
		return m, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return m, false
	}
	return m, m.Metadata.Record.Files != nil
}
