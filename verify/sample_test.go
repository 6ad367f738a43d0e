// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"psp2rego/verify/cases"
)

// sampleReport has something to show in every place. Every text that comes from outside goes through
// input.
func sampleReport(t *testing.T, input func(string) string) *Report {
	t.Helper()
	text := func(s string) json.RawMessage {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tally := newTally(PassGiven)
	tally.Cases, tally.Allowed, tally.Refused, tally.Invalid = 20_000, 9_000, 8_000, 512
	tally.Kinds[cases.Focus], tally.Kinds[cases.Update] = 15_000, 5_000
	tally.Phases[Mutate] = &PhaseCount{Asked: 19_900, Agree: 19_897, Unhandled: 5_000, Allowed: 9_000, Refused: 5_900, Mutated: 4_000}
	tally.Phases[Validate] = &PhaseCount{Asked: 19_900, Agree: 19_899, Allowed: 12_000, Refused: 7_900}
	for i, name := range cases.Checks() {
		tally.Checks[name] = &CheckCount{
			Cases: 700 + i, Allowed: 400, Refused: 300 + i, DecisiveAllow: 31 * i, DecisiveDeny: 150 - i, DecisiveMutation: i * i,
		}
	}
	tally.Checks["host_pid"].Divergences, tally.Checks["run_as_user"].Divergences = 2, 1
	tally.Divergences = map[Class]int{FailOpen: 2, Mutation: 1, Untranslated: 1}
	tally.Known[KnownDifferences()[0].ID], tally.Known[input("other_difference")] = 3, 1
	tally.Discarded[input("the evaluator cannot decode the request")] = 100
	tally.Score.Agree, tally.Score.Worst[FailOpen], tally.Score.Worst[Mutation] = 19_000, 2, 1
	tally.Score.cause("host_pid").Pairs, tally.Score.cause("host_pid").Classes[FailOpen] = 9, 1
	tally.Score.cause(CauseGrants).Classes[FailOpen] = 1
	second := newTally(input(PassSynthetic))
	second.Cases, second.Clusters = 1, 2
	r := &Report{
		Tool: input("v0.1.0"), Seed: 1<<64 - 1, Native: input("v1.24.17"), OPA: input("1.22.2"), Dialect: input("kubernetes"),
		Command: []string{"psp2rego", "verify", "-f", input("cluster"), "--seed", "7"}, Bundle: input("bundle.tar.gz"),
		Judged:   &RuleSet{Engine: "OPA " + input("1.22.2"), Phases: []Phase{Mutate, Validate}, Compared: Everything, Notes: []string{input("a note")}},
		Policies: []string{input("privileged"), input("restricted")}, Objects: map[string]int{input("ClusterRole"): 3, "PodSecurityPolicy": 2},
		Elapsed: 12_345_678_901 * time.Nanosecond, Passes: []*Tally{tally, second},
	}
	request := podRequest(`{"metadata":{"name":` + string(text(input("web"))) + `},"spec":{"hostPID":true}}`)
	policy := json.RawMessage(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":` + string(text(input("restricted"))) + `}}`)
	r.Divergences = []*Divergence{{
		Pass: PassGiven, Seed: 7, Cluster: 1, Case: 12, Check: "host_pid", Shrunk: Shrunk{Parts: 3, Of: 41, Minimal: true}, File: input("rec/x.txtar"),
		Difference: Difference{Phase: Mutate, Class: FailOpen, Detail: input("native refuses, the bundle allows")},
		Dialect:    cases.MKE, Request: request, Objects: []json.RawMessage{policy},
		Native: &Recorded{Mutate: &RecordedVerdict{Message: input("PodSecurityPolicy: unable to admit pod: [no]")}},
		Ours: &Recorded{Mutate: &RecordedVerdict{
			Allowed: true, Policy: input("restricted"), Audit: map[string]string{input("admit-policy"): input("restricted")},
			Changes: []string{"add /metadata/annotations: " + input("{}")},
		}},
		Deciding: &Deciding{Where: input("pod"), Field: input("spec.hostPID"), Value: input("true"), Instead: input("false"), Moves: "native", Agree: true},
	}, {
		Pass: PassGiven, Seed: 7, Cluster: 1, Case: 14, Check: "run_as_user", Only: Validate,
		Difference: Difference{Phase: Mutate, Class: Mutation, Detail: input("the pods differ at /spec")},
		Dialect:    cases.Kubernetes, Request: request,
		Native: &Recorded{Mutate: &RecordedVerdict{Allowed: true, Policy: "p"}, APIErrors: []string{input("spec.containers: Required value")}},
		Ours:   &Recorded{Mutate: &RecordedVerdict{Fault: input("undefined")}, Validate: &RecordedVerdict{Unhandled: true}},
	}, {
		Pass: PassGiven, Seed: 7, Cluster: 1, Case: -1, Dialect: cases.Kubernetes, Objects: slices.Repeat([]json.RawMessage{policy}, 12),
		Difference: Difference{Class: Untranslated, Detail: input("cannot be translated") + ":\n" + input("objects:1:2: error")},
	}}
	return r
}

func plainSample(t *testing.T) *Report { return sampleReport(t, func(s string) string { return s }) }

// hostileSample has texts that try to be markup, to move a terminal's cursor, to read backwards, and
// not to fit.
func hostileSample(t *testing.T) *Report {
	return sampleReport(t, func(s string) string {
		return s + hostile + strings.Repeat("x", 300)
	})
}

const hostile = "</code></style></script><script>window.pwned=1</script><img src=http://127.0.0.1:1/x onerror=window.pwned=1>" +
	"\" onload='window.pwned=1' {{.Seed}} ]]> & \x1b[2J\u202e\r\n-- cluster.yaml --\n"
