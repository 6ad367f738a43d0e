// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// onDisk makes a folder of files.
func onDisk(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const onePolicy = `{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"p"},"spec":{}}`

// templatesOptions judge a folder of templates, whose text holds the words, by the fake evaluators.
func templatesOptions(t *testing.T, words string, does ...string) Options {
	t.Helper()
	o := fakeOptions(t, "good", nil)
	o.Generate, o.Translate, o.Objects = false, nil, []json.RawMessage{json.RawMessage(onePolicy)}
	o.Templates = []string{onDisk(t, map[string]string{"t.yaml": "kind: ConstraintTemplate\n# " + words})}
	o.Gatekeeper = fakeGatekeeper(does...)
	return o
}

func TestTemplatesThatDecideAsNativeAreEquivalent(t *testing.T) {
	r, err := Run(t.Context(), templatesOptions(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	score := r.Score()
	if r.Outcome() != Equivalent || len(r.Passes) != 2 || score.Agree == 0 || len(score.Worst) != 0 {
		t.Errorf("report:\n%s", reportText(t, r))
	}
	if r.Passes[0].Phases[Mutate].Asked != 0 || r.Passes[0].Phases[Validate].Asked == 0 {
		t.Errorf("phases: %+v", r.Passes[0].Phases)
	}
	text := reportText(t, r)
	for _, want := range []string{
		"native Kubernetes v0, Gatekeeper v0, seed 5\n", "the given rules are judged in validate; decisions and pods are compared",
		"  1 objects\n", "cases agree (100.0 %)", "the rules' webhook is not sent such a request",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// Rules that forget hostPID are caught, with the check that it is and a witness that is small.
func TestTemplatesThatForgetACheckAreScored(t *testing.T) {
	o := templatesOptions(t, "", "open")
	o.Cases, o.Shrink, o.Record = 3000, 500, filepath.Join(t.TempDir(), "found")
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	score := r.Score()
	if r.Outcome() != Diverging || score.Worst[FailOpen] == 0 || len(score.Worst) != 1 || score.Causes["host_pid"].Classes[FailOpen] == 0 {
		t.Fatalf("report:\n%s", reportText(t, r))
	}
	i := slices.IndexFunc(r.Divergences, func(d *Divergence) bool { return d.Check == "host_pid" })
	if i < 0 {
		t.Fatalf("no witness:\n%s", reportText(t, r))
	}
	d := r.Divergences[i]
	if string(d.Request.Object) != `{"spec":{"hostPID":true}}` || d.Shrunk.Parts >= d.Shrunk.Of {
		t.Errorf("shrunk %v: %s", d.Shrunk, d.Request.Object)
	}
	text := reportText(t, r)
	for _, want := range []string{"fail-open by host_pid (validate): native refuses, the rule set allows", "  the rules: allowed\n", "recorded as "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	c, err := ReadCaseFile(d.File)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Replay(t.Context(), o, c)
	if err != nil || again.Outcome() != Diverging {
		t.Errorf("the file does not show it: %v, %v", again, err)
	}
	c.Phase = Validate
	if again, err = Replay(t.Context(), o, c); err != nil || again.Outcome() != Diverging {
		t.Errorf("nor does its phase alone: %v, %v", again, err)
	}
	c.Phase = Mutate
	if again, err = Replay(t.Context(), o, c); err != nil || again.Outcome() != Inconclusive {
		t.Errorf("a phase that the rules do not have was judged: %v, %v", again, err)
	}
}

func TestReportOnAGivenRuleSetDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	var first string
	for _, workers := range []int{1, 3} {
		o := templatesOptions(t, "", "closed")
		o.Workers = workers
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		text := reportText(t, r)
		if first == "" {
			first = text
		} else if text != first {
			t.Errorf("%d workers:\n%s\none:\n%s", workers, text, first)
		}
	}
}

// Shards of a run that judges given rules come to the report that the run in one piece makes.
func TestShardsOfAGivenRuleSetAreMerged(t *testing.T) {
	o := templatesOptions(t, "", "closed")
	o.Cases, o.Shrink = 1200, 20
	whole, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var parts []*Report
	for i := range 3 {
		o.Shard = Shard{i + 1, 3}
		part, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		read, err := ReadReport(strings.NewReader(reportAs(t, part, "json")))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, read)
	}
	merged, err := MergeReports(parts)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := reportAs(t, merged, "json"), reportAs(t, whole, "json"); got != want || len(whole.Divergences) == 0 {
		t.Errorf("%d witnesses (-whole +merged):\n%s", len(whole.Divergences), cmp.Diff(want, got))
	}
	other := o
	other.Templates = []string{onDisk(t, map[string]string{"t.yaml": "kind: ConstraintTemplate\n# another"})}
	part, err := Run(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := MergeReports([]*Report{parts[0], parts[1], part}); err == nil || !strings.Contains(err.Error(), "(digest)") {
		t.Errorf("other templates: %v", err)
	}
}

// Requesters that rules cannot know are left out, and the report says so.
func TestSyntheticRequestersAreLeftOutForRulesThatCannotKnowThem(t *testing.T) {
	for words, passes := range map[string]int{"userInfo": 1, "userInfo and data.inventory": 2, "": 2} {
		r, err := Run(t.Context(), templatesOptions(t, words))
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(reportText(t, r), "synthetic requesters are left out: the templates read userInfo")
		if len(r.Passes) != passes || said != (passes == 1) {
			t.Errorf("%q: %d passes\n%s", words, len(r.Passes), reportText(t, r))
		}
	}
}

// Whatever is wrong with the files or with the process ends the run, and is never a verdict.
func TestGatekeeperThatCannotJudgeIsAnError(t *testing.T) {
	for does, want := range map[string]string{
		"refuses": "templates and constraints: decode: ", "silent": "validate: answer without a verdict", "broken": "validate: internal: panic",
	} {
		r, err := Run(t.Context(), templatesOptions(t, "", does))
		if r != nil || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Gatekeeper evaluator") {
			t.Errorf("%s: %v, want ...%s", does, err, want)
		}
	}
	o := templatesOptions(t, "", "refuses")
	var refused *protocol.Error
	if _, err := Run(t.Context(), o); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	o.Gatekeeper = o.Native // which greets as another engine
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), `Gatekeeper evaluator: is "kubernetes-podsecuritypolicy"`) {
		t.Errorf("got %v", err)
	}
	o.Gatekeeper = NativeCommand{}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no Gatekeeper evaluator") {
		t.Errorf("got %v", err)
	}
	o.Bundle = "x"
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "either a bundle or templates") {
		t.Errorf("got %v", err)
	}
}

func TestGatekeeperHasOnePhase(t *testing.T) {
	t.Setenv(fakeVariable, "good")
	g, err := StartGatekeeper(t.Context(), fakeGatekeeper())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	if _, err := g.Evaluate(t.Context(), Mutate, podRequest(`{}`)); err == nil {
		t.Error("it has a mutating phase")
	}
	v, err := g.Evaluate(t.Context(), Validate, podRequest(`{"spec":{"hostPID":true}}`))
	if err != nil || v.Allowed || v.Message != "[c] no hostPID" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestTemplatesAreToldFromBundles(t *testing.T) {
	const inList = `{"apiVersion":"v1","kind":"List","items":[{"kind":"ConstraintTemplate"}]}`
	for name, tc := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"template":             {map[string]string{"a/b.yaml": "a: b\n---\nkind: ConstraintTemplate\n"}, true},
		"template in a list":   {map[string]string{"b.json": inList}, true},
		"bundle":               {map[string]string{"data.json": `{"kind": "x", "text": "ConstraintTemplate"}`, "a.rego": "package a"}, false},
		"name in the text":     {map[string]string{"b.yml": "kind: Pod\nmetadata: {name: ConstraintTemplate}\n"}, false},
		"no YAML":              {map[string]string{"b.yml": "ConstraintTemplate: : :"}, false},
		"another kind of file": {map[string]string{"b.txt": "kind: ConstraintTemplate\n"}, false},
	} {
		if got, err := HoldTemplates([]string{onDisk(t, tc.files)}); err != nil || got != tc.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	dir := onDisk(t, map[string]string{"b.txt": "kind: ConstraintTemplate\n"})
	if got, err := HoldTemplates([]string{dir + "/b.txt"}); err != nil || !got {
		t.Errorf("a file by its name: %v, %v", got, err)
	}
	if _, err := HoldTemplates([]string{dir + "/nowhere"}); err == nil {
		t.Error("a missing file is no error")
	}
}

// A request that the rules' webhook would not see cannot count against them.
func TestRequestsThatTheWebhookIsNotSentAreLeftOut(t *testing.T) {
	opa, gatekeeper := &ready{RuleSet: RuleSet{Compared: Decisions}, engine: entryEngine{}}, &ready{RuleSet: RuleSet{Compared: Decisions}}
	ours := &ready{RuleSet: RuleSet{Compared: Everything}}
	for name, tc := range map[string]struct {
		change          func(*protocol.Request)
		opa, gatekeeper bool
	}{
		"creation":             {func(*protocol.Request) {}, false, false},
		"update":               {func(r *protocol.Request) { r.Operation = "UPDATE" }, false, false},
		"deletion":             {func(r *protocol.Request) { r.Operation = "DELETE" }, true, true},
		"ephemeral containers": {func(r *protocol.Request) { r.SubResource = "ephemeralcontainers" }, true, false},
		"binding":              {func(r *protocol.Request) { r.SubResource = "binding" }, true, true},
		"another resource":     {func(r *protocol.Request) { r.Resource.Resource, r.Kind.Kind = "x", "X" }, true, true},
		"another version":      {func(r *protocol.Request) { r.Resource.Version = "v2" }, true, true},
	} {
		r := podRequest(`{}`)
		tc.change(r)
		if opa.skips(r) != tc.opa || gatekeeper.skips(r) != tc.gatekeeper || ours.skips(r) || (*ready)(nil).skips(r) {
			t.Errorf("%s: OPA %v, Gatekeeper %v", name, opa.skips(r), gatekeeper.skips(r))
		}
	}
}

// Half of the synthetic groups are made for one policy and asked for by the user of another.
func TestSyntheticGroupsOfAGivenRuleSetAreCrossed(t *testing.T) {
	cluster, err := cases.NewCluster(cases.Kubernetes, []json.RawMessage{json.RawMessage(onePolicy), json.RawMessage(strings.ReplaceAll(onePolicy, `"p"`, `"q"`))})
	if err != nil {
		t.Fatal(err)
	}
	synthetic, settings := cluster.Synthetic(), cases.Defaults()
	users := map[string]int{}
	for group := range 200 {
		made := (&ready{}).group(&pass{name: PassSynthetic}, synthetic, settings, 1, group)
		again := (&ready{}).group(&pass{name: PassSynthetic}, synthetic, settings, 1, group)
		for i := range made {
			if string(made[i].Request.Object) != string(again[i].Request.Object) || made[i].Index != group*cases.GroupSize+i {
				t.Fatalf("group %d is not the same twice", group)
			}
			if group%2 == 1 {
				users[made[i].Request.UserInfo.Username]++
			}
		}
	}
	if len(users) != 2 || users["psp2rego:p"] == 0 || users["psp2rego:q"] == 0 {
		t.Errorf("users: %v", users)
	}
}
