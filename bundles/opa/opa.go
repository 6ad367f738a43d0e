// SPDX-License-Identifier: Apache-2.0

// Package opa writes OPA bundles: the Rego library and what translate made of a cluster's policies, with a manifest that
// names every file's digest, as a folder or as a tarball.
package opa

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"psp2rego/translate"
)

// ownerReadme is written into every bundle for whoever owns the modules from then on.
//
//go:embed owner.md
var ownerReadme []byte

const (
	manifestName   = ".manifest"
	signaturesName = ".signatures.json"
	readmeName     = "README.md"
)

// Meta says where a bundle comes from, which is recorded in the manifest, and what it tells. It has no influence on decisions.
type Meta struct {
	Version string // version of psp2rego
	Engine  string // version of the OPA that formatted and checked the modules
	Dialect string // "kubernetes" or "mke"
	// ServerVersion is the minor version of the Kubernetes 1 whose API server asks; 0 means 24.
	ServerVersion int
	// WarnDefaults has the answer to a pod's creation warn of each field that the policy filled in.
	WarnDefaults bool
}

// Options are what a cluster is compiled with for such a bundle.
func (m Meta) Options() translate.Options {
	return translate.Options{Dialect: m.Dialect, ServerVersion: m.ServerVersion, Version: m.Version}
}

// Bundle is a complete OPA bundle in memory. Two builds from equal inputs are equal byte for byte.
type Bundle struct {
	// Files are sorted by path; the first is ".manifest", the next, if the bundle is signed, ".signatures.json". Paths are
	// slash-separated and relative.
	Files []translate.File
	// Revision is the hex SHA-256 over all other files' paths and digests; of a bundle that was read, what its manifest says
	// that it is.
	Revision string
}

// Build puts the modules of library, which is the embedded rego folder, and the generated files of out into one bundle.
// It refuses paths that no folder or tarball could hold and two files of one path; it does not look into the modules.
func Build(library fs.FS, out *translate.Output, meta Meta) (*Bundle, error) {
	files := []translate.File{{Path: readmeName, Data: ownerReadme}}
	err := fs.WalkDir(library, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".rego" {
			return err
		}
		data, err := fs.ReadFile(library, name)
		if name == mutateName && err == nil && meta.WarnDefaults {
			data, err = warn(data)
			meta.WarnDefaults = false // it is done
		}
		files = append(files, translate.File{Path: name, Data: data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the Rego library: %w", err)
	}
	if meta.WarnDefaults {
		return nil, fmt.Errorf("the Rego library has no %s that could warn", mutateName)
	}
	return pack(append(files, out.Files...), out.Sources, meta, roots[:])
}

// Pack puts files that are no OPA bundle under a manifest, so that they can be written, and written again over edits, as a bundle is. The manifest
// claims no part of OPA's data. sources are what they were made of.
func Pack(files []translate.File, sources []translate.Source, meta Meta) (*Bundle, error) {
	return pack(files, sources, meta, []string{})
}

func pack(files []translate.File, sources []translate.Source, meta Meta, roots []string) (*Bundle, error) {
	slices.SortFunc(files, func(a, b translate.File) int { return strings.Compare(a.Path, b.Path) })
	if err := checkPaths(files); err != nil {
		return nil, err
	}

	m := newManifest(files, sources, meta, roots)
	data, err := m.encode()
	if err != nil {
		return nil, err
	}
	files = slices.Insert(files, 0, translate.File{Path: manifestName, Data: data})
	return &Bundle{Files: files, Revision: m.Revision}, nil
}

// checkPaths refuses what cannot be stored as it is: absolute and climbing paths, control characters, names longer than
// file systems take, and paths that differ in letter case alone. files are sorted.
func checkPaths(files []translate.File) error {
	seen := make(map[string]string, len(files))
	for _, f := range files {
		odd := strings.ContainsFunc(f.Path, func(r rune) bool { return r == '\\' || r == utf8.RuneError || unicode.IsControl(r) })
		if odd || !fs.ValidPath(f.Path) || f.Path == "." || f.Path == manifestName {
			return fmt.Errorf("bundle file %q: not a path that can be written", f.Path)
		}
		for segment := range strings.SplitSeq(f.Path, "/") {
			if len(segment) > 255 {
				return fmt.Errorf("bundle file %q: a name longer than 255 bytes", f.Path)
			}
		}
		folded := strings.ToLower(f.Path)
		if other, taken := seen[folded]; taken {
			return fmt.Errorf("bundle file %q: collides with %q", f.Path, other)
		}
		seen[folded] = f.Path
	}
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sameFiles(a, b []translate.File) bool {
	return slices.EqualFunc(a, b, func(x, y translate.File) bool { return x.Path == y.Path && bytes.Equal(x.Data, y.Data) })
}
