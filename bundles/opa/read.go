// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"psp2rego/translate"
)

// Read gives the bundle at path, a folder or a tarball. Its files may have been changed since it was written; Inspect tells.
// What psp2rego did not write is refused with ErrForeign.
func Read(ctx context.Context, path string) (*Bundle, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		tarball, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		b, err := ReadTarball(tarball)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return b, nil
	}
	disk, err := readDir(ctx, path)
	if err != nil {
		return nil, err
	}
	if len(disk) == 0 {
		return nil, fmt.Errorf("%s: an empty folder: %w", path, ErrForeign)
	}
	b, err := newBundle(disk)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// ReadTarball is Read for the bytes of a tarball. One that is truncated or damaged, or holds a path that no folder could, is
// refused.
func ReadTarball(tarball []byte) (*Bundle, error) {
	files, err := unpack(bytes.NewReader(tarball))
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	return newBundle(files)
}

func newBundle(files map[string][]byte) (*Bundle, error) {
	m, ok := decodeManifest(files[manifestName])
	if !ok {
		return nil, ErrForeign
	}
	b := &Bundle{Files: sortedFiles(files), Revision: m.Revision}
	return b, checkPaths(slices.DeleteFunc(slices.Clone(b.Files), func(f translate.File) bool { return f.Path == manifestName }))
}

// Repack gives the files as they are, edited by hand perhaps, a manifest that describes them: revision and digests are made
// anew, what is told of their origin stays, and what was changed since translation is added to it. A signature is left out.
func (b *Bundle) Repack() (*Bundle, error) {
	files := slices.DeleteFunc(slices.Clone(b.Files), func(f translate.File) bool {
		return f.Path == manifestName || f.Path == signaturesName
	})
	changes, ok := changed(b.Files)
	if !ok {
		return nil, ErrForeign
	}
	var m manifest
	dec := json.NewDecoder(bytes.NewReader(b.file(manifestName)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("%s says more than a bundle of psp2rego can keep: %w", manifestName, err)
	}
	r := &m.Metadata.Record
	for _, c := range changes {
		if c.Path != manifestName {
			r.Edited = append(r.Edited, c.Path)
		}
	}
	slices.Sort(r.Edited)
	r.Edited = slices.Compact(r.Edited)
	r.Files = digests(files)
	m.Revision = revision(r.Files)
	data, err := m.encode()
	if err != nil {
		return nil, err
	}
	return &Bundle{Files: slices.Insert(files, 0, translate.File{Path: manifestName, Data: data}), Revision: m.Revision}, nil
}

// Expect refuses, with a *ConflictError, a bundle whose files are not as its manifest says, and one of another revision, unless
// revision is empty. As the revision is made of the files, both together say that the files are the expected ones.
func (b *Bundle) Expect(revision string) error {
	changes, ok := changed(b.Files)
	switch {
	case !ok:
		return ErrForeign
	case len(changes) > 0:
		return &ConflictError{Target: "bundle", Changes: changes}
	case revision != "" && revision != b.Revision:
		return fmt.Errorf("%w: revision %s, expected was %s", ErrRevision, b.Revision, revision)
	}
	return nil
}

// ErrRevision is what Expect returns for an intact bundle of another revision.
var ErrRevision = errors.New("another bundle than expected")

// Tarball is WriteTarball into memory.
func (b *Bundle) Tarball() ([]byte, error) {
	var buf bytes.Buffer
	err := b.WriteTarball(&buf)
	return buf.Bytes(), err
}

// file is nil if there is none of that path.
func (b *Bundle) file(path string) []byte {
	for _, f := range b.Files {
		if f.Path == path {
			return f.Data
		}
	}
	return nil
}

// data decodes a file of JSON into value, and leaves it alone if there is no such file.
func (b *Bundle) data(path string, value any) error {
	data := b.file(path)
	if data == nil {
		return nil
	}
	if err := json.Unmarshal(data, value); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
