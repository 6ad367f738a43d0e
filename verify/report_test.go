// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/cases"
)

func smallReport() *Report {
	tally := newTally(PassGenerated)
	tally.Clusters, tally.Cases, tally.Allowed, tally.Refused, tally.Invalid = 2, 200, 90, 80, 5
	tally.Kinds[cases.Focus], tally.Kinds[cases.Update] = 150, 50
	tally.Phases[Mutate] = &PhaseCount{Asked: 199, Agree: 198, Unhandled: 50, Allowed: 90, Refused: 59, Mutated: 40}
	tally.Phases[Validate] = &PhaseCount{Asked: 199, Agree: 199, Allowed: 120, Refused: 79}
	tally.Checks["host_pid"] = &CheckCount{Cases: 10, Allowed: 6, Refused: 4, DecisiveAllow: 1, DecisiveDeny: 2, DecisiveMutation: 3}
	tally.Divergences[FailOpen] = 1
	tally.Known["explicit_empty_supplemental_groups"] = 1
	tally.Discarded["the evaluator cannot decode the request"] = 1
	request := podRequest(`{"spec":{"hostPID":true}}`)
	return &Report{
		Seed: 7, Native: "v1.24.17", OPA: "1.22.2", Dialect: cases.Kubernetes, Elapsed: 200 * time.Millisecond,
		Passes: []*Tally{tally},
		Divergences: []*Divergence{{
			Pass: PassGenerated, Seed: 7, Cluster: 1, Case: 12, Check: "host_pid", Shrunk: Shrunk{Parts: 3, Of: 41, Minimal: true}, File: "rec/x.txtar",
			Difference: Difference{Phase: Mutate, Class: FailOpen, Detail: "native refuses, the bundle allows"},
			Dialect:    cases.Kubernetes, Request: request,
			Objects:  []json.RawMessage{json.RawMessage(`{"kind":"PodSecurityPolicy"}`)},
			Native:   &Recorded{Mutate: &RecordedVerdict{Message: "PodSecurityPolicy: unable to admit pod: []"}},
			Ours:     &Recorded{Mutate: &RecordedVerdict{Allowed: true, Policy: "p"}},
			Deciding: &Deciding{Where: "pod", Field: "spec.hostPID", Value: "true", Moves: "native", Agree: true},
		}},
	}
}

func TestReportIsWrittenForPeople(t *testing.T) {
	text := reportText(t, smallReport())
	want := `native Kubernetes v1.24.17, OPA 1.22.2, seed 7

generated clusters: 200 cases in 2 clusters; creations allowed 90, refused 80; allowed but invalid for the API 5
  cases: focus 150, update 50
  mutate    198 of 199 agree; native allowed 90 (40 with changes), refused 59, left alone 50
  validate  199 of 199 agree; native allowed 120 (0 with changes), refused 79, left alone 0
  divergences: fail-open 1
  known differences: explicit_empty_supplemental_groups 1
  discarded: the evaluator cannot decode the request 1
`
	if got, _, _ := strings.Cut(text, "        "); got != want {
		t.Errorf("head (-want +got):\n%s", cmp.Diff(want, got))
	}
	if !strings.Contains(text, "  host_pid     10        6        4               1              2                3\n") {
		t.Errorf("no line for host_pid:\n%s", text)
	}
	_, divergence, _ := strings.Cut(text, "\ndivergence 1: ")
	want = `fail-open in mutate: native refuses, the bundle allows
  deciding field: spec.hostPID of the pod is true; without it only native's answer changes, and they agree
  seed 7, generated clusters, cluster 1, case 12, varying host_pid; shrunk from 41 parts to 3, none of which can go
  recorded as rec/x.txtar, and seen again in it
  to see it again: psp2rego verify --replay rec/x.txtar

-- cluster.yaml --
kind: PodSecurityPolicy
-- request.yaml --
name: p
namespace: ns
object:
  spec:
    hostPID: true
userInfo:
  username: jeff

  native                                                     bundle
  mutate: refuses                                          | mutate: allows, by policy p
    PodSecurityPolicy: unable to admit pod: []             |

NOT EQUIVALENT: 1 divergences: 200 cases in 200ms, 1000 cases/s
`
	if diff := cmp.Diff(want, divergence); diff != "" {
		t.Errorf("divergence (-want +got):\n%s", diff)
	}
}

func TestNothingJudgedIsNoEquivalence(t *testing.T) {
	tally := newTally(PassGiven)
	tally.Cases, tally.Discarded["x"] = 10, 10
	if got := (&Report{Passes: []*Tally{tally}}).Outcome(); got != Inconclusive {
		t.Errorf("outcome %d", got)
	}
	tally.Phases[Validate].Asked = 1
	if got := (&Report{Passes: []*Tally{tally}}).Outcome(); got != Equivalent {
		t.Errorf("outcome %d", got)
	}
}

func TestChangesTellWhatAPhaseDid(t *testing.T) {
	for _, tc := range []struct{ before, after, want string }{
		{`{"a":1}`, `{"a":1}`, ``},
		{`{"a":1}`, `{"a":2,"b":{"c":[]}}`, `replace /a: 2|add /b: {"c":[]}`},
		{`{"a":{"b":1},"c":1}`, `{"a":{}}`, `remove /a/b|remove /c`},
		{`{"a":[{"x":1},{"x":2}]}`, `{"a":[{"x":1},{"x":3}]}`, `replace /a/1/x: 3`},
		{`{"a":[1]}`, `{"a":[1,2]}`, `replace /a: [1,2]`},
	} {
		before, err := decode([]byte(tc.before))
		if err != nil {
			t.Fatal(err)
		}
		after, err := decode([]byte(tc.after))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(changes("", before, after), "|"); got != tc.want {
			t.Errorf("%s -> %s: %s", tc.before, tc.after, got)
		}
	}
}
