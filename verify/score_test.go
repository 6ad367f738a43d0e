// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

func TestDecisionsAndPodsAreCompared(t *testing.T) {
	const pod, annotated = `{"metadata":{"name":"p"},"spec":{"a":1}}`, `{"metadata":{"name":"p","annotations":{"kubernetes.io/psp":"x"}},"spec":{"a":1}}`
	allow := func(object string) *Verdict {
		return &Verdict{Handled: true, Allowed: true, Object: json.RawMessage(object)}
	}
	for name, tc := range map[string]struct {
		phase        Phase
		native, ours *Verdict
		want         Class
	}{
		"both refuse, in other words": {Validate, &Verdict{Message: "a"}, &Verdict{Message: "b"}, ""},
		"fail-open":                   {Validate, &Verdict{}, &Verdict{Allowed: true}, FailOpen},
		"fail-closed":                 {Mutate, &Verdict{Allowed: true}, &Verdict{}, FailClosed},
		"fault":                       {Mutate, &Verdict{}, &Verdict{Fault: "x"}, Fault},
		"other policies":              {Validate, &Verdict{Allowed: true, Policy: "p"}, &Verdict{Allowed: true}, ""},
		"the annotation alone":        {Mutate, allow(annotated), allow(pod), ""},
		"not mutated":                 {Mutate, allow(strings.Replace(annotated, "1", "2", 1)), allow(pod), NotMutated},
		"mutated otherwise":           {Mutate, allow(strings.Replace(annotated, "1", "2", 1)), allow(strings.Replace(pod, "1", "3", 1)), Mutation},
		"mutated without need":        {Mutate, allow(annotated), allow(strings.Replace(pod, "1", "3", 1)), Mutation},
		"left alone, and patched":     {Mutate, &Verdict{Allowed: true}, allow(strings.Replace(pod, "1", "3", 1)), Mutation},
		"left alone by both":          {Mutate, &Verdict{Allowed: true}, &Verdict{Allowed: true}, ""},
	} {
		class, detail, err := decided(tc.phase, tc.native, tc.ours, json.RawMessage(pod))
		if err != nil || class != tc.want || (detail == "") != (class == "") {
			t.Errorf("%s: %q, %q, %v", name, class, detail, err)
		}
	}
	if _, _, err := decided(Mutate, allow("{"), allow(pod), json.RawMessage(pod)); err == nil {
		t.Error("a broken pod is no error")
	}
}

// A difference belongs to the check in which a pair differs, if the other case has no such difference.
func TestDifferencesBelongToWhatBroughtThemAbout(t *testing.T) {
	open, closed := &Difference{Phase: Validate, Class: FailOpen}, &Difference{Phase: Validate, Class: FailClosed}
	with := func(message string, differences ...*Difference) *outcome {
		native := map[Phase]*Verdict{Mutate: {Allowed: message == "", Message: message}, Validate: {Allowed: message == "", Message: message}}
		return &outcome{prepared: &protocol.Request{}, native: native, ours: map[Phase]*Verdict{Validate: {Allowed: message == ""}}, differences: differences}
	}
	const nobody = "PodSecurityPolicy: unable to admit pod: []"
	pair := &cases.Case{Check: "host_pid", Paired: true}
	for name, tc := range map[string]struct {
		c       *cases.Case
		o, last *outcome
		want    string
	}{
		"comes with the check":   {pair, with("x", open), with(""), "host_pid"},
		"was there before":       {pair, with("x", open), with("x", open), ""},
		"another was":            {pair, with("x", open), with("", closed), ""},
		"both refused before":    {pair, with("x", open), with("y"), ""},
		"no pair":                {&cases.Case{Check: "host_pid"}, with("x", open), with(""), ""},
		"the other is discarded": {pair, with("x", open), &outcome{discarded: true}, ""},
		"nobody may":             {&cases.Case{}, with(nobody, open), with(""), CauseGrants},
		"refused all the same":   {&cases.Case{}, with(nobody, closed), with(""), ""},
	} {
		if got := cause(tc.c, tc.o, tc.last, tc.o.differences[0]); got != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	s := newScore()
	s.count(pair, with(""), with("x", open)) // it goes away with the check
	s.count(pair, with("x", open, closed), with(""))
	s.count(pair, with("", closed), with("", closed))
	s.count(pair, with(""), with(""))
	both := newScore()
	both.add(s)
	both.add(s)
	if both.Agree != 4 || both.Worst[FailOpen] != 2 || both.Worst[FailClosed] != 2 {
		t.Errorf("%+v", both)
	}
	if n := both.Causes["host_pid"]; n.Pairs != 8 || n.Classes[FailOpen] != 4 || n.Classes[FailClosed] != 2 {
		t.Errorf("%+v", n)
	}
}

func TestOneWitnessIsKeptOfEachClassAndCause(t *testing.T) {
	made := func(class Class, check string, invalid bool, resource string) *Divergence {
		request := podRequest(`{}`)
		request.SubResource = resource
		return &Divergence{Difference: Difference{Class: class}, Check: check, Invalid: invalid, Request: request}
	}
	first, valid := made(FailClosed, "", true, ""), made(FailClosed, "", false, "")
	all := []*Divergence{
		first, made(FailClosed, "", false, "exec"), valid, made(FailClosed, "", false, ""), made(FailOpen, "volumes", false, ""),
		made(FailOpen, "volumes", false, "exec"), made(FailOpen, CauseGrants, false, ""), made(FailOpen, "fs_group", false, ""),
	}
	var kept []*Divergence
	for _, d := range all {
		kept = keepWitness(kept, d, 5)
	}
	(&Report{Judged: &RuleSet{}, Divergences: kept}).sortWitnesses()
	var got []string
	for _, d := range kept {
		got = append(got, string(d.Class)+" "+d.Check+" "+d.Request.SubResource)
	}
	want := "fail-open fs_group ,fail-open volumes ,fail-open grants ,fail-closed  ,fail-closed  exec"
	if strings.Join(got, ",") != want || kept[3] != valid {
		t.Errorf("got %q", got)
	}
	if len(keepWitness(kept, made(Mutation, "", false, ""), 5)) != 5 {
		t.Error("more are kept than asked for")
	}
}

// A witness tells request and verdicts, whatever it is about.
func TestWitnessesArePrintedInFull(t *testing.T) {
	request := podRequest(`{"spec":{"hostPID":true}}`)
	request.Operation, request.SubResource, request.OldObject = "UPDATE", "ephemeralcontainers", json.RawMessage(`{"spec":{}}`)
	request.UserInfo.Groups = []string{"devs"}
	r := &Report{
		Native: "v1", Judged: &RuleSet{Engine: "OPA 1", Phases: []Phase{Mutate, Validate}, Compared: Decisions},
		Passes: []*Tally{newTally(PassGiven)},
		Divergences: []*Divergence{
			{
				Pass: PassGiven, Case: 3, Check: CauseGrants, Difference: Difference{Validate, FailOpen, "detail"}, Request: request, Shrunk: Shrunk{Parts: 1, Of: 9}, File: "f",
				Native: &Recorded{Validate: &RecordedVerdict{Message: "a\nb"}}, Ours: &Recorded{Validate: &RecordedVerdict{Fault: "none"}},
			},
			{Difference: Difference{Mutate, NotMutated, "detail"}, Check: "fs_group", Native: &Recorded{Mutate: &RecordedVerdict{Allowed: true, Changes: []string{"add /x: 1"}}}},
			{
				Difference: Difference{Mutate, Mutation, "detail"}, Request: podRequest(""), Native: &Recorded{Mutate: &RecordedVerdict{Allowed: true, Changes: []string{"add /x: 1"}}},
				Ours: &Recorded{Mutate: &RecordedVerdict{Allowed: true}},
			},
		},
	}
	r.Passes[0].Score.Agree, r.Passes[0].Score.NotAsked = 3, 2
	r.Passes[0].Score.Worst[FailOpen] = 1
	r.Passes[0].Score.cause("fs_group").Classes[NotMutated] = 1
	r.Passes[0].Score.cause(CauseGrants).Classes[FailOpen] = 1
	var out bytes.Buffer
	if err := r.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	want := `
score: 3 of 4 cases agree (75.0 %)
  fail-open         1   25.0 %  allowed, and native refuses
  fail-closed       0    0.0 %  refused, and native allows
  mutation          0    0.0 %  allowed, and another pod than native's comes of it
  not-mutated       0    0.0 %  allowed, and left without native's defaults
  in 2 of these cases native fills in defaults, which these rules have no phase for
  differences that come with one check alone, among pairs of pods that differ in it:
                            check  pairs  fail-open  not-mutated
                         fs_group      0          0            1
    (requester may use no policy)      -          1            0

witness 1: fail-open, because the requester may use no policy (validate): detail
  seed 0, requesters of the input, cluster 0, case 3; shrunk from 9 parts to 1 before the budget was spent
  recorded as f, and seen again in it
  to see it again: psp2rego verify --replay f
  UPDATE pods/ephemeralcontainers in namespace "ns" by user "jeff" of groups ["devs"]
  stored:
    spec: {}
  sent:
    spec:
      hostPID: true
  native:    refused: a
             b
  the rules: no answer: none

witness 2: not-mutated by fs_group (mutate): detail
  seed 0, , cluster 0, case 0, varying fs_group

witness 3: mutation (mutate): detail
  seed 0, , cluster 0, case 0
  CREATE pods in namespace "ns" by user "jeff"
  native:    allowed, with add /x: 1
  the rules: allowed
`
	_, got, _ := strings.Cut(out.String(), "allowed but invalid for the API 0\n")
	got, _, _ = strings.Cut(got, "\nNOTHING WAS JUDGED")
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// What is shown to people stays a case that the API takes or, where API validation does not look, a pod.
func TestWitnessesStayPresentable(t *testing.T) {
	const pod = `{"spec":{"containers":[{"name":"c","image":"i"}]}}`
	refused := &Verdict{Message: "PodSecurityPolicy: unable to validate pod: [x]"}
	nobody := &Verdict{Message: "PodSecurityPolicy: unable to validate pod: []"}
	for name, tc := range map[string]struct {
		object, sub string
		invalid     bool
		errors      []string
		native      *Verdict
		want        bool
	}{
		"valid":                          {`{}`, "", false, nil, refused, true},
		"no longer valid":                {pod, "", false, []string{"x"}, refused, false},
		"never valid, still a pod":       {pod, "", true, []string{"x"}, refused, true},
		"never valid, and no longer one": {`{"spec":{"containers":[]}}`, "", true, nil, refused, false},
		"not looked at, still a pod":     {pod, "ephemeralcontainers", false, nil, refused, true},
		"not looked at, no longer one":   {`{"spec":{"containers":[{"name":"c"}]}}`, "ephemeralcontainers", false, nil, refused, false},
		"no JSON":                        {`{`, "ephemeralcontainers", false, nil, refused, false},
		"for another reason":             {pod, "", false, nil, nobody, false},
	} {
		s := &shrinker{judge: &Judge{options: Options{Bundle: "x"}}, divergence: &Divergence{Difference: Difference{Phase: Validate}, Invalid: tc.invalid}}
		ask := func(object string, native *Verdict, errors []string) bool {
			request := podRequest(object)
			request.SubResource = tc.sub
			return s.presentable(&Judgement{outcome: &outcome{native: map[Phase]*Verdict{Validate: native}, apiErrors: errors}}, request)
		}
		ask(pod, refused, nil) // the case as it was found
		s.judgement = &Judgement{}
		if got := ask(tc.object, tc.native, tc.errors); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
		s.judge.options.Bundle = ""
		if !ask(tc.object, tc.native, tc.errors) {
			t.Errorf("%s: a bundle that was made is held to it", name)
		}
	}
}
