// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
	"psp2rego/verify/record"
)

// checkTests refuses tests that cannot be recorded, or would go where they do not belong.
func (o *translateOptions) checkTests() error {
	switch {
	case o.tests < 0 || o.tests > record.MaxCases:
		return fmt.Errorf("--tests %d: it has to be between 0 (none) and %d", o.tests, record.MaxCases)
	case o.tests == 0 && o.native != "":
		return errors.New("--native is asked for --tests alone: give both or neither")
	case o.tests > 0 && (o.output == "-" || isTarball(o.output)):
		return errors.New("--tests needs a folder to write to (-o DIR): a tarball is for serving, and every OPA would load the tests")
	}
	return nil
}

// build makes what the target takes, with tests if they were asked for.
func (o *translateOptions) build(cmd *cobra.Command, cluster *translate.Cluster) (*opa.Bundle, error) {
	if o.target.value == targetGatekeeper {
		return o.buildGatekeeper(cmd, cluster)
	}
	bundle, err := build(cmd.Context(), cluster, o.options(), o.warnDefaults)
	if err != nil || o.tests == 0 {
		return bundle, err
	}
	recorded, err := recordFrom(cmd, o, bundle, cluster, record.Tests)
	if err != nil {
		return nil, err
	}
	if err := o.tellTests(cmd, recorded); err != nil {
		return nil, err
	}
	files := make([]translate.File, len(recorded.Files))
	for i, file := range recorded.Files {
		files[i] = translate.File{Path: file.Path, Data: file.Data}
	}
	return build(cmd.Context(), cluster, o.options(), o.warnDefaults, files...)
}

// recordFrom has something recorded for a bundle of the cluster from the native evaluator.
func recordFrom[T any](
	cmd *cobra.Command, o *translateOptions, bundle *opa.Bundle, cluster *translate.Cluster, how func(context.Context, record.Options) (T, error),
) (recorded T, err error) {
	native, err := findNative(o.native)
	if err != nil {
		return recorded, fmt.Errorf("--tests: %w", err)
	}
	tarball, err := bundle.Tarball()
	if err != nil {
		return recorded, err
	}
	progress := newProgress(cmd.ErrOrStderr(), time.Now, 0)
	recorded, err = how(cmd.Context(), record.Options{
		Native: nativeCommand(native), Translate: translateFor(o.server.minor), Bundle: tarball, Objects: cluster.Objects,
		Dialect: o.dialect.value, Cases: o.tests, Workers: runtime.GOMAXPROCS(0), Progress: progress.show,
	})
	progress.clear()
	if err != nil {
		return recorded, fmt.Errorf("--tests: %w", err)
	}
	return recorded, nil
}

// tellTests says what the tests leave out, and, if a report was asked for, what they hold.
func (o *translateOptions) tellTests(cmd *cobra.Command, recorded *record.Result) error {
	err := printDiagnostics(cmd.ErrOrStderr(), shortcomings(recorded.Policies, o.tests))
	if err != nil || !o.report {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TESTS OF POLICY\tCASES\tLINES COVERED\tFAULTS TOLD")
	for i := range recorded.Policies {
		p := &recorded.Policies[i]
		fmt.Fprintf(table, "%s\t%d\t%d of %d\t%d of %d\n", cell(p.Name), p.Cases, p.Lines-len(p.Uncovered), p.Lines, p.Told, p.Faults)
	}
	return table.Flush()
}

// shortcomings says, policy by policy, what the tests leave out.
func shortcomings(policies []record.Policy, asked int) diagnostic.List {
	var list diagnostic.List
	for i := range policies {
		p := &policies[i]
		var left []string
		if len(p.Undecided) > 0 {
			left = append(left, "do not show it decide "+strings.Join(p.Undecided, ", "))
		}
		if len(p.Uncovered) > 0 {
			left = append(left, fmt.Sprintf("do not execute %d of %d lines", len(p.Uncovered), p.Lines))
		}
		if missed := p.Faults - p.Told; missed > 0 {
			left = append(left, fmt.Sprintf("would pass %d of %d faulty versions of it", missed, p.Faults))
		}
		if len(left) == 0 {
			continue
		}
		hint := "verify looks for more"
		if p.Wanted > p.Cases {
			hint = fmt.Sprintf("--tests %d records every case that was found to show more", p.Wanted)
		}
		list = append(list, diagnostic.Diagnostic{
			Severity: diagnostic.Warning, Code: diagnostic.FewTests, Hint: hint,
			Message: fmt.Sprintf("policy %q: its tests (--tests %d) %s", p.Name, asked, strings.Join(left, ", ")),
		})
	}
	return list
}
