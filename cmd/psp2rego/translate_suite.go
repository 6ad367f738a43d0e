// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/bundles/opa"
	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
	"psp2rego/verify/record"
)

// buildGatekeeper makes the folder for Gatekeeper, with a suite for gator if tests were asked for. Its cases are recorded with a bundle of the same input:
// the template has the modules of it.
func (o *translateOptions) buildGatekeeper(cmd *cobra.Command, cluster *translate.Cluster) (*opa.Bundle, error) {
	if list := gatekeeper.CheckPolicies(cluster.Policies); len(list) > 0 {
		return nil, cmp.Or(printDiagnostics(cmd.ErrOrStderr(), list), errFinding)
	}
	how := o.gatekeeper()
	if o.tests > 0 {
		bundle, err := build(cmd.Context(), cluster, o.options(), false)
		if err != nil {
			return nil, err
		}
		recorded, err := recordFrom(cmd, o, bundle, cluster, record.Reviews)
		if err != nil {
			return nil, err
		}
		if err := o.tellSuite(cmd, recorded); err != nil {
			return nil, err
		}
		how.Suite = suiteOf(recorded)
	}
	return buildGatekeeper(cmd.Context(), cluster, o.options(), how)
}

// suiteOf has a test for each policy, and one for the requesters.
func suiteOf(recorded *record.Reviewed) []gatekeeper.Case {
	suite := make([]gatekeeper.Case, len(recorded.Reviews))
	for i := range recorded.Reviews {
		r := &recorded.Reviews[i]
		group := "requesters"
		if r.Policy != "" {
			group = "policies/" + r.Policy
		}
		suite[i] = gatekeeper.Case{
			Group: group, Name: r.Name, Comment: r.Comment, Review: r.Body,
			Allowed: r.Allowed, Message: r.Message, Violations: r.Violations,
		}
	}
	return suite
}

// tellSuite says what the suite leaves out, and, if a report was asked for, what it holds.
func (o *translateOptions) tellSuite(cmd *cobra.Command, recorded *record.Reviewed) error {
	list := shortcomings(recorded.Policies, o.tests)
	for i := range recorded.Policies {
		if p := &recorded.Policies[i]; p.Cases == 0 {
			list = append(list, diagnostic.Diagnostic{
				Severity: diagnostic.Warning, Code: diagnostic.FewTests, Hint: "bind somebody to a role that may use it; no API server stores pods of such ids",
				Message: fmt.Sprintf("policy %q: no test asks about it: no binding lets anybody use it, or its ids are beyond 2^53", p.Name),
			})
		}
	}
	err := printDiagnostics(cmd.ErrOrStderr(), list)
	if err != nil || !o.report {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TESTS OF POLICY\tCASES")
	for i := range recorded.Policies {
		fmt.Fprintf(table, "%s\t%d\n", cell(recorded.Policies[i].Name), recorded.Policies[i].Cases)
	}
	return table.Flush()
}
