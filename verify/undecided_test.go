// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"slices"
	"strings"
	"testing"

	"psp2rego/verify/cases"
)

// The fake evaluator knows one policy and looks at hostPID only: everything else that the policy would
// decide stays undecided, which is told by policy, check and pass, and is no equivalence.
func TestChecksThatNeverDecideAreToldAndAreNoEquivalence(t *testing.T) {
	o := givenOptions(t, faithfulBundle(t))
	o.AllowUndecided = false
	r := mustRun(t, o)
	if r.Outcome() != NotDecided {
		t.Fatalf("outcome %d\n%s", r.Outcome(), reportText(t, r))
	}
	var checks []string
	for _, u := range r.Undecided() {
		checks = append(checks, u.Check)
		if u.Policy != "p" || !slices.Equal(u.Passes, []string{PassSynthetic}) {
			t.Errorf("%+v", u)
		}
	}
	want := []string{"seccomp", "host_network", "host_ipc", "sysctls", "privileged", "proc_mount"}
	if !slices.Equal(checks, want) {
		t.Errorf("undecided are %v, not %v", checks, want)
	}
	text := reportText(t, r)
	for _, line := range []string{
		"6 checks were not seen to decide both ways",
		`  policy "p", host_network: synthetic requesters allow 0, deny 0`,
		"UNDECIDED, no divergence, 6 checks not decided both ways: 600 cases",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is missing:\n%s", line, text)
		}
	}
	o.AllowUndecided = true
	if r = mustRun(t, o); r.Outcome() != Equivalent || len(r.Undecided()) != 6 {
		t.Errorf("allowed, and outcome %d, %d undecided", r.Outcome(), len(r.Undecided()))
	}
	o.AllowUndecided, o.Shard = false, Shard{1, 2}
	if r = mustRun(t, o); r.Outcome() != Equivalent || !strings.Contains(reportText(t, r), "checks are not decided in this shard") {
		t.Errorf("a shard alone has outcome %d\n%s", r.Outcome(), reportText(t, r))
	}
	o = fakeOptions(t, "good", faithfulBundle(t))
	o.AllowUndecided, o.Cases = false, 2500
	r = mustRun(t, o)
	some := r.Undecided()
	decided := !slices.ContainsFunc(some, func(u Undecided) bool { return u.Check == "host_pid" })
	if r.Outcome() != NotDecided || len(some) == 0 || !decided {
		t.Errorf("generated: outcome %d, undecided %v", r.Outcome(), some)
	}
}

// One pass has to see a check decide both ways; halves of two passes do not add up.
func TestACheckIsDecidedInOnePass(t *testing.T) {
	report := func(given, synthetic FieldCount) *Report {
		r := &Report{}
		for name, n := range map[string]FieldCount{PassGiven: given, PassSynthetic: synthetic} {
			tally := newTally(name)
			tally.demand([]cases.Decision{{Policy: "p", Check: "host_pid", Refuses: !n.Fills}})
			*tally.Fields["p"]["host_pid"] = n
			tally.Phases[Validate].Asked = 1
			r.Passes = append(r.Passes, tally)
		}
		return r
	}
	for _, tc := range []struct {
		given, synthetic FieldCount
		want             Outcome
	}{
		{FieldCount{}, FieldCount{}, NotDecided},
		{FieldCount{Allow: 1}, FieldCount{Deny: 1}, NotDecided},
		{FieldCount{Allow: 1, Change: 9}, FieldCount{Allow: 5}, NotDecided},
		{FieldCount{Allow: 1, Deny: 1}, FieldCount{}, Equivalent},
		{FieldCount{}, FieldCount{Allow: 1, Deny: 1}, Equivalent},
		{FieldCount{Fills: true, Allow: 1, Deny: 1}, FieldCount{Fills: true}, NotDecided},
		{FieldCount{Fills: true}, FieldCount{Fills: true, Change: 1}, Equivalent},
	} {
		if got := report(tc.given, tc.synthetic).Outcome(); got != tc.want {
			t.Errorf("%+v, %+v: outcome %d, not %d", tc.given, tc.synthetic, got, tc.want)
		}
	}
}

// A pair counts for the policy that native chose, whichever it was made for; what nobody demands is
// not carried along.
func TestPairsCountForThePolicyThatDecided(t *testing.T) {
	said := func(allowed bool, policy, patch string) *outcome {
		verdict := &Verdict{Handled: true, Allowed: allowed, Policy: policy, Patch: []byte(patch)}
		both := map[Phase]*Verdict{Mutate: verdict, Validate: verdict}
		return &outcome{native: both, ours: both}
	}
	no := said(false, "", "")
	worker := newTally(PassGiven)
	c := &cases.Case{Check: "host_pid", Paired: true, Request: podRequest("{}")}
	for _, pair := range [][2]*outcome{
		{no, said(true, "a", "")}, {said(true, "b", ""), no}, {no, no},
		{said(true, "a", "1"), said(true, "a", "2")}, {said(true, "a", "1"), said(true, "b", "2")}, {said(true, "a", "1"), said(true, "a", "1")},
	} {
		worker.count(c, pair[1], pair[0])
	}
	worker.count(&cases.Case{Check: "host_pid", Request: podRequest("{}")}, said(true, "a", ""), no) // no pair
	total := newTally(PassGiven)
	total.demand([]cases.Decision{{Policy: "a", Check: "host_pid"}})
	total.add(worker)
	total.add(worker)
	if got := *total.Fields["a"]["host_pid"]; got != (FieldCount{Fills: true, Allow: 2, Change: 2}) || len(total.Fields) != 1 {
		t.Errorf("counted %+v of %v", got, total.Fields)
	}
}

// Objects without a policy prove nothing.
func TestNoPolicyIsAnError(t *testing.T) {
	o := givenOptions(t, faithfulBundle(t))
	o.Objects[0] = []byte(`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"}}`)
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no PodSecurityPolicy among the objects") {
		t.Errorf("got %v", err)
	}
}
