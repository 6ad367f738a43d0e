// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// ErrForeign is returned when a target exists and is nothing that psp2rego has written. No option overwrites it.
var ErrForeign = errors.New("not a bundle that psp2rego wrote")

// ConflictError is returned when a target was changed by hand since psp2rego wrote it. Nothing has been written.
type ConflictError struct {
	Target  string
	Changes []Change // sorted by path, never empty
}

// Change is one file of a target that somebody other than psp2rego edited, added or deleted.
type Change struct {
	Path string
	What string // "edited", "added" or "deleted"
	// Diff leads from the file as it is to the file as it would be written, in unified form.
	Diff []byte
}

// Error names the files; the diffs are in Diff.
func (e *ConflictError) Error() string {
	names := make([]string, 0, len(e.Changes))
	for _, c := range e.Changes {
		names = append(names, fmt.Sprintf("%s (%s)", c.Path, c.What))
	}
	return fmt.Sprintf("%s was changed by hand: %s", e.Target, strings.Join(names, ", "))
}

// Diff joins the unified diffs of all changes: what overwriting the target would do to somebody's work.
func (e *ConflictError) Diff() []byte {
	diffs := make([][]byte, 0, len(e.Changes))
	for _, c := range e.Changes {
		diffs = append(diffs, c.Diff)
	}
	return bytes.Join(diffs, nil)
}

// compare tells what in disk is not as the manifest beside it says and would be lost by writing b. Files that already
// are what b would write are no loss, whoever wrote them.
func (b *Bundle) compare(target string, disk map[string][]byte) error {
	if len(disk) == 0 {
		return nil
	}
	old, ok := decodeManifest(disk[manifestName])
	if !ok {
		return fmt.Errorf("%s: %w", target, ErrForeign)
	}
	next := make(map[string][]byte, len(b.Files))
	for _, f := range b.Files {
		next[f.Path] = f.Data
	}

	var changes []Change
	add := func(what, path string) {
		changes = append(changes, Change{Path: path, What: what, Diff: diff.Diff(
			path+" (as it is)", disk[path], path+" (as translated)", next[path])})
	}
	for path, data := range disk {
		sum, known := old.Metadata.Record.Files[path]
		switch {
		case next[path] != nil && bytes.Equal(data, next[path]):
		case path == manifestName:
			if own, err := old.encode(); err != nil || !bytes.Equal(own, data) {
				add("edited", path)
			}
		case !known:
			add("added", path)
		case sum != digest(data):
			add("edited", path)
		}
	}
	for path := range maps.Keys(old.Metadata.Record.Files) {
		if _, there := disk[path]; !there && next[path] != nil {
			add("deleted", path)
		}
	}
	if changes == nil {
		return nil
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return &ConflictError{Target: target, Changes: changes}
}
