// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// record writes the kept divergences as case files into the folder.
func (r *run) record(report *Report) error {
	if r.Record == "" || len(report.Divergences) == 0 {
		return nil
	}
	if err := os.MkdirAll(r.Record, 0o755); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	for _, d := range report.Divergences {
		data, err := d.CaseFile().Format()
		if err != nil {
			return err
		}
		path := filepath.Join(r.Record, d.FileName())
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		d.File = path
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
