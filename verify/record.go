// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// record writes the kept divergences as case files into the folder. Each file is read and judged
// again, by an evaluator that has seen nothing else, before the report names it.
func (r *run) record(ctx context.Context, report *Report) error {
	if r.Record == "" || len(report.Divergences) == 0 {
		return nil
	}
	if err := os.MkdirAll(r.Record, 0o755); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	for _, d := range report.Divergences {
		path := filepath.Join(r.Record, d.FileName())
		if err := d.write(path); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		if err := r.confirm(ctx, d, path); err != nil {
			return fmt.Errorf("verify: %s: %w", path, err)
		}
		d.File = path
	}
	return nil
}

// write writes the case file, whole or not at all.
func (d *Divergence) write(path string) error {
	data, err := d.CaseFile().Format()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".*.txtar")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // it is gone once it has its name
	_, err = file.Write(data)
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// confirm makes sure that the file shows the divergence.
func (r *run) confirm(ctx context.Context, d *Divergence, path string) error {
	c, err := ReadCaseFile(path)
	if err != nil {
		return err
	}
	j, err := NewJudge(ctx, r.Options)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	judgement, err := j.Judge(ctx, c)
	switch {
	case err != nil:
		return err
	case judgement.Refused != "":
		return fmt.Errorf("the recorded case does not show the divergence again: the evaluator does not take it: %s", judgement.Refused)
	case judgement.shows(&d.Difference) == nil:
		return fmt.Errorf("the recorded case does not show the divergence again (%s): judge it with --replay, and look for what "+
			"is not the same twice", d.Sentence())
	}
	return nil
}

// FileName is a name for the divergence's case file: what was varied, what differs, and its index.
func (d *Divergence) FileName() string {
	var parts []string
	for _, part := range []string{d.Check, string(d.Phase), string(d.Class)} {
		if part != "" {
			parts = append(parts, strings.ReplaceAll(part, "-", "_"))
		}
	}
	return fmt.Sprintf("%s_%s_seed_%d_cluster_%d_case_%d.txtar", strings.Join(parts, "_"), passNames()[d.Pass], d.Seed, d.Cluster, d.Case)
}

// passNames are what passes are called in the names of files.
func passNames() map[string]string {
	return map[string]string{PassGiven: "given", PassSynthetic: "synthetic", PassGenerated: "generated"}
}

// ReadCaseFile reads a case file.
func ReadCaseFile(path string) (*CaseFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := ParseCaseFile(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
