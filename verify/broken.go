// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"os"
	"path/filepath"

	"psp2rego/verify/cases"
)

// What a worker waited for when it failed, if it was no case of the unit.
const (
	nothingAsked = -2
	clusterAsked = -1
)

// CaseError says that the comparison could not go on, because one side gave no usable answer to one
// case, and where this case can be found.
type CaseError struct {
	Err  error
	Seed uint64
	// File is the case as a file that can be replayed; empty when Options.Record names no folder.
	File string
}

// Error is the text of the error alone.
func (e *CaseError) Error() string { return e.Err.Error() }

// Unwrap is the error alone.
func (e *CaseError) Unwrap() error { return e.Err }

// broken is the error of a unit that failed, and records the case at which it did.
func (r *run) broken(res *result) error {
	if res.asked == nothingAsked {
		return res.err
	}
	broken := &CaseError{Err: res.err, Seed: r.Seed}
	if r.Record == "" {
		return broken
	}
	data, err := r.caseOf(res).Format()
	if err == nil {
		err = os.MkdirAll(r.Record, 0o755)
	}
	path := filepath.Join(r.Record, fmt.Sprintf("evaluator_%s_seed_%d_cluster_%d", passNames()[res.unit.pass.name], r.Seed, res.unit.cluster))
	if res.asked >= 0 {
		path += fmt.Sprintf("_case_%d", res.asked)
	}
	path += ".txtar"
	if err == nil {
		err = replaceFile(path, data)
	}
	if err != nil {
		return fmt.Errorf("%w; and the case cannot be saved: %w", res.err, err)
	}
	broken.File = path
	return broken
}

// caseOf makes the case again that a unit failed at.
func (r *run) caseOf(res *result) *CaseFile {
	var cluster *cases.Cluster
	var rules *ready
	if given := res.unit.pass.given; given != nil {
		cluster, rules = given.cluster, given.ready
	} else {
		cluster = cases.Generate(*r.Settings, r.Seed, res.unit.cluster)
	}
	c := &CaseFile{Comment: res.err.Error() + "\n", Dialect: cluster.Dialect, Objects: cluster.Objects}
	if res.asked >= 0 {
		group := rules.group(res.unit.pass, cluster, *r.Settings, r.Seed, res.asked/cases.GroupSize)
		c.Request = group[res.asked%cases.GroupSize].Request
	}
	return c
}
