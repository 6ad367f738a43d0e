// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"psp2rego/bundles/opa"
	"psp2rego/translate/diagnostic"
)

// inspectReport is what bundle inspect prints; as JSON, version 1.
type inspectReport struct {
	Version   int               `json:"version"`
	Revision  string            `json:"revision"`
	Roots     []string          `json:"roots"`
	Tool      string            `json:"psp2rego"`
	Engine    string            `json:"opa"`
	Dialect   string            `json:"dialect"`
	Server    string            `json:"server"`
	Sources   map[string]string `json:"sources"`
	Policies  []string          `json:"policies"`
	Grants    inspectGrants     `json:"grants"`
	Edited    []string          `json:"editedBeforePacking"`
	Changes   []inspectChange   `json:"changes"`
	Signature inspectSignature  `json:"signature"`
	Findings  []string          `json:"findings"`
}

type inspectGrants struct {
	Users  int `json:"users"`
	Groups int `json:"groups"`
	Total  int `json:"total"`
}

type inspectChange struct {
	Path string `json:"path"`
	What string `json:"what"`
}

type inspectSignature struct {
	State     string `json:"state"` // "none", "not verified", "good" or "bad"
	Algorithm string `json:"algorithm,omitempty"`
	KeyID     string `json:"keyId,omitempty"`
	Scope     string `json:"scope,omitempty"`
}

// newInspectReport turns into findings what nobody should overlook. verified says that a key was there, and refusal why it does
// not verify the bundle.
func newInspectReport(found *opa.Inspection, verified bool, refusal error) *inspectReport {
	r := &inspectReport{
		Version: 1, Revision: found.Revision, Roots: found.Roots, Tool: found.Version, Engine: found.Engine, Dialect: found.Dialect, Server: found.Server,
		Sources: found.Sources, Policies: orEmpty(found.Policies), Grants: inspectGrants(found.Grants), Edited: orEmpty(found.Edited),
		Changes: []inspectChange{}, Findings: []string{}, Signature: inspectSignature{State: "none"},
	}
	for _, c := range found.Changes {
		r.Changes = append(r.Changes, inspectChange{c.Path, c.What})
		r.Findings = append(r.Findings, fmt.Sprintf("%s: %s since it was packed", c.Path, c.What))
	}
	if s := found.Signature; s != nil {
		r.Signature = inspectSignature{"not verified", s.Algorithm, s.KeyID, s.Scope}
	}
	switch {
	case verified && refusal == nil:
		r.Signature.State = "good"
	case verified:
		if found.Signature != nil {
			r.Signature.State = "bad"
		}
		r.Findings = append(r.Findings, "signature: "+refusal.Error())
	}
	return r
}

func orEmpty(list []string) []string { return append([]string{}, list...) }

func (r *inspectReport) writeText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, diagnostic.Printable(fmt.Sprintf(format, args...)))
	}
	line("revision", "%s", r.Revision)
	line("roots", "%s", strings.Join(r.Roots, ", "))
	line("made by", "psp2rego %s, OPA %s, dialect %s, for API server %s", r.Tool, r.Engine, r.Dialect, r.Server)
	for _, name := range slices.Sorted(maps.Keys(r.Sources)) {
		line("source", "%s sha256:%s", name, r.Sources[name])
	}
	line("policies", "%d: %s", len(r.Policies), strings.Join(r.Policies, ", "))
	line("grants", "%d, to %d users and %d groups", r.Grants.Total, r.Grants.Users, r.Grants.Groups)
	for _, path := range r.Edited {
		line("edited", "%s, before it was packed", path)
	}
	signature := r.Signature.State
	if r.Signature.Algorithm != "" {
		signature += fmt.Sprintf(": %s by key %q", r.Signature.Algorithm, r.Signature.KeyID)
		if r.Signature.Scope != "" {
			signature += fmt.Sprintf(" for %q", r.Signature.Scope)
		}
	}
	line("signature", "%s", signature)
	for _, finding := range r.Findings {
		line("FINDING", "%s", finding)
	}
	return table.Flush()
}
