// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"psp2rego/translate"
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
	changes, ok := changed(sortedFiles(disk))
	if !ok {
		return fmt.Errorf("%s: %w", target, ErrForeign)
	}
	next := make(map[string][]byte, len(b.Files))
	for _, f := range b.Files {
		next[f.Path] = f.Data
	}
	changes = slices.DeleteFunc(changes, func(c Change) bool { return bytes.Equal(disk[c.Path], next[c.Path]) })
	if len(changes) == 0 {
		return nil
	}
	for i, c := range changes {
		changes[i].Diff = diff.Diff(c.Path+" (as it is)", disk[c.Path], c.Path+" (as translated)", next[c.Path])
	}
	return &ConflictError{Target: target, Changes: changes}
}

// changed gives, sorted by path, the files of a bundle that are not as its manifest says, without diffs. A signature is no
// such file: it is made of the others. ok is false if psp2rego wrote no such bundle.
func changed(files []translate.File) (changes []Change, ok bool) {
	at := slices.IndexFunc(files, func(f translate.File) bool { return f.Path == manifestName })
	if at < 0 {
		return nil, false
	}
	m, ok := decodeManifest(files[at].Data)
	if !ok {
		return nil, false
	}
	was, is := m.Metadata.Record.Files, digests(files)
	if own, err := m.encode(); err != nil || !bytes.Equal(own, files[at].Data) || m.Revision != revision(was) {
		changes = append(changes, Change{Path: manifestName, What: "edited"})
	}
	for path, sum := range is {
		if old, known := was[path]; !known {
			changes = append(changes, Change{Path: path, What: "added"})
		} else if old != sum {
			changes = append(changes, Change{Path: path, What: "edited"})
		}
	}
	for path := range was {
		if _, there := is[path]; !there {
			changes = append(changes, Change{Path: path, What: "deleted"})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return changes, true
}
