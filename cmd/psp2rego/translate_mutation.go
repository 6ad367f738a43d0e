// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/translate"
)

// situation is what decides, besides the cluster, which mutators can be written.
func situation(options translate.Options, how gatekeeper.Options) gatekeeper.Situation {
	return gatekeeper.Situation{ServerVersion: options.ServerVersion, LiveGrants: how.LiveRBAC, OldGatekeeper: how.RegoV0}
}

// reportMutation says of each policy what it fills in, how far Gatekeeper's mutators can do that, and where they do it; of
// those for which nothing does it, what to do about it.
func reportMutation(w io.Writer, cluster *translate.Cluster, s gatekeeper.Situation) error {
	mutations := gatekeeper.Mutations(cluster, s)
	var text strings.Builder
	for i := range mutations {
		tellMutation(&text, &mutations[i])
	}
	fields := map[string][]string{}
	for i := range cluster.Policies {
		fields[cluster.Policies[i].Name] = fillsIn(&cluster.Policies[i].PodSecurityPolicy)
	}
	missing := notFilledIn(fields, mutations)
	switch {
	case len(missing) == 0:
		text.WriteString(nothingMissing(fields, mutations))
	case slices.ContainsFunc(mutations, isEmitted):
		text.WriteString(someMissing + strings.Join(missing, "") + mutationAdvice)
	default:
		text.WriteString(allMissing + strings.Join(missing, "") + mutationAdvice)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// tellMutation writes the table of one policy.
func tellMutation(w io.Writer, m *gatekeeper.Mutation) {
	if len(m.Defaults) == 0 {
		return
	}
	where := "no mutators"
	switch {
	case m.Scope.Everywhere && len(m.Scope.Except) == 0:
		where = "mutators in every namespace"
	case m.Scope.Everywhere:
		where = "mutators in every namespace but " + few(m.Scope.Except)
	case m.Emitted():
		where = "mutators in " + few(m.Scope.Only)
	}
	if m.Why != "" {
		where += ": " + m.Why
	}
	fmt.Fprintf(w, "\n%s: %s\n", cell(m.Policy), cell(where))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  FIELD\tDEFAULT\tMUTATORS\tWHY")
	for _, d := range m.Defaults {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", cell(d.Field), cell(d.Value), d.Expression, d.Why)
	}
	_ = table.Flush() // into a text
}

// notFilledIn has a line for each policy that somebody may use whose defaults nothing fills in, everywhere or somewhere. fields are the defaults by policy.
func notFilledIn(fields map[string][]string, mutations []gatekeeper.Mutation) []string {
	var lines []string
	for i := range mutations {
		m := &mutations[i]
		if len(fields[m.Policy]) == 0 || m.Unused || m.Emitted() && len(m.Unfilled) == 0 {
			continue
		}
		line := fmt.Sprintf("  %s: %s", cell(m.Policy), list(fields[m.Policy]))
		if m.Emitted() {
			line += " in " + few(m.Unfilled)
		}
		lines = append(lines, line+"\n")
	}
	return lines
}

// nothingMissing says what becomes of the defaults where nothing is left to fill in.
func nothingMissing(fields map[string][]string, mutations []gatekeeper.Mutation) string {
	unused := slices.ContainsFunc(mutations, func(m gatekeeper.Mutation) bool { return m.Unused && len(fields[m.Policy]) > 0 })
	text := noDefaults
	switch emitted := slices.ContainsFunc(mutations, isEmitted); {
	case emitted && unused:
		text = usedFilledIn
	case emitted:
		text = allFilledIn
	case unused:
		text = noUsedDefaults
	}
	if slices.ContainsFunc(mutations, func(m gatekeeper.Mutation) bool { return !m.Unused && !m.Exact() }) {
		text += fewMissing
	}
	return text
}

func isEmitted(m gatekeeper.Mutation) bool { return m.Emitted() }

const allMissing = `
THIS OUTPUT CHANGES NO POD. Gatekeeper without any mutation refuses nearly every pod under a policy that fills in
defaults, unless the pod brings them. These do, in these fields:
`

const (
	allFilledIn    = "\nevery default is filled in by mutators.yaml, exactly\n"
	usedFilledIn   = "\nevery default of a policy that somebody may use is filled in by mutators.yaml, exactly\n"
	noDefaults     = "\nno policy fills anything in, so that Gatekeeper needs no mutation beside it\n"
	noUsedDefaults = "\nnobody may use a policy that fills anything in, so that Gatekeeper needs no mutation beside it\n"
	fewMissing     = "but for pods that bring what is called not expressible: OPA's mutating webhook (`psp2rego bundle manifests`) sees to those\n"
)

const someMissing = `
THIS OUTPUT DOES NOT FILL IN EVERYTHING. Gatekeeper refuses nearly every pod that lacks what nothing fills in:
`

const mutationAdvice = `Have OPA fill them in before Gatekeeper validates: ` + "`psp2rego translate`" + ` the same input to a bundle, and register
its data.psp.mutate as a mutating webhook (` + "`psp2rego bundle manifests`" + `). Both together decide as PodSecurityPolicy did.
`
