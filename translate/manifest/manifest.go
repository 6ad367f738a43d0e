// SPDX-License-Identifier: Apache-2.0

// Package manifest reads Kubernetes objects from files, folders and streams, YAML or JSON, and remembers where each one
// and each of its fields stands. It understands what kubectl apply -f understands, and what kubectl get -o yaml and
// -o json write; unlike kubectl it never skips text that it cannot make sense of.
package manifest

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"psp2rego/translate/diagnostic"
)

// Limits of what Read accepts. They are far beyond real clusters and keep hostile input from filling the memory.
const (
	// MaxFileSize is the size in bytes of the largest file that is read.
	MaxFileSize = 64 << 20
	// MaxTotalSize is the size in bytes that all files of one Read may have together.
	MaxTotalSize = 256 << 20
	// MaxDocumentSize is the size in bytes of the largest object and of the largest YAML document, not counting lists
	// that can be cut into their items. The API server refuses objects of more than 3 MiB.
	MaxDocumentSize = 3 << 20
	// MaxObjects is how many objects one Read returns at most, and how many items a list may have.
	MaxObjects = 500_000
	// largeDocument is the size in bytes from which YAML documents are parsed one at a time: their syntax trees take a
	// hundred times as much.
	largeDocument = 256 << 10
	// maxUnits is how many objects of any kind one Read looks at.
	maxUnits = 2 * MaxObjects
	// maxConverted is the size in bytes that the objects of one Read may have together after conversion to JSON.
	maxConverted = 256 << 20
	// maxFields is how many fields a JSON object may have at its top.
	maxFields = 1000
)

// ErrUnreadable means that some of the input could not be read at all: it cannot be opened, is too large, is no text, is
// malformed, or a source is empty. The diagnostics say which and why. Input that was read but is not acceptable (an
// unknown field, a duplicate object) is an error among the diagnostics only.
var ErrUnreadable = errors.New("the input cannot be read")

// Source is one place to read from: a file or folder of FS, or Reader when FS is nil.
type Source struct {
	// Name is what positions show for it. For a folder it is the prefix of its files' names.
	Name string
	// FS and Path name a file or a folder, which is searched recursively for *.yaml, *.yml and *.json.
	FS   fs.FS
	Path string
	// Reader is read to its end when FS is nil.
	Reader io.Reader
}

// Read reads all sources in the order given, folders in the order of fs.WalkDir, and returns the objects of the kinds in
// Kinds in that order. Objects of other kinds are counted in one note.
//
// The diagnostics are sorted, and limited in number as those of a diagnostic.Collector. Every object of the input is either returned, counted as of another kind, or the subject of
// an error. The error is not nil if the job could not be done (ErrUnreadable, or the context's error); whatever could
// be read is returned all the same.
func Read(ctx context.Context, sources []Source) ([]*Object, diagnostic.List, error) {
	r := &reader{nodes: &nodeCache{}}
	for _, s := range sources {
		r.source(ctx, s)
	}
	r.otherKinds()
	diags := r.diags.List()
	if err := ctx.Err(); err != nil {
		return nil, diags, err
	}
	if r.unreadable {
		return r.objects, diags, ErrUnreadable
	}
	return r.objects, diags, nil
}
