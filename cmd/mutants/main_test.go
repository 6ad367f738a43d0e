// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/mutants"
)

// optionsFor are those of a run with few cases in the project's folder, and files of its own.
func optionsFor(t *testing.T, args ...string) (o *options, stdout *bytes.Buffer) {
	t.Helper()
	native, err := filepath.Abs("../../bin/psp2rego-native")
	if err != nil {
		t.Fatal(err)
	}
	if named := os.Getenv("PSP2REGO_NATIVE"); named != "" {
		native = named
	}
	if _, err := os.Stat(native); err != nil {
		t.Fatalf("the evaluator with the real admission plugin is missing (%v): build it with `make build`, "+
			"or name it in PSP2REGO_NATIVE", err)
	}
	folder := t.TempDir()
	t.Chdir("../..")
	stdout = &bytes.Buffer{}
	o = &options{stdout: stdout, stderr: &bytes.Buffer{}, now: time.Now}
	page := filepath.Join(folder, "page.md")
	if err := os.WriteFile(page, []byte("# Page\n\n"+pageMark+"old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.parse(append([]string{
		"-native", native, "-cases", "30", "-score", filepath.Join(folder, "score.txt"), "-page", page,
		"-equivalent", filepath.Join(folder, "equivalent.txt"), "-state", filepath.Join(folder, "state"),
	}, args...)); err != nil {
		t.Fatal(err)
	}
	return o, stdout
}

// planOf are the mutants of the options' targets that the pattern names.
func planOf(t *testing.T, ctx context.Context, o *options, pattern string) *mutants.Plan {
	t.Helper()
	targets, err := o.targets(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, target := range targets {
			_ = target.Recording.Close()
		}
	})
	plan, err := mutants.NewPlan(ctx, targets...)
	if err != nil {
		t.Fatal(err)
	}
	matches := regexp.MustCompile(pattern)
	return plan.Choose(func(m *mutants.Mutant) bool { return matches.MatchString(m.ID) })
}

// some names mutants that the first cases catch, and one that does not compile.
const some = `^lib/psp/ranges/ranges\.rego:holds:(swap-comparison|drop-rule)`

// One worker or two: the results are the same, down to the case that tells.
func TestFaultsAreCaughtWhateverTheNumberOfWorkers(t *testing.T) {
	o, _ := optionsFor(t, "-state", "")
	plan := planOf(t, t.Context(), o, some)
	var first []mutants.Result
	for o.workers = 1; o.workers <= 2; o.workers++ {
		results, err := o.judge(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = results
		}
		if diff := cmp.Diff(first, results); diff != "" {
			t.Errorf("%d workers (-one +these):\n%s", o.workers, diff)
		}
	}
	for _, r := range first {
		want := mutants.Caught
		if strings.Contains(r.ID, ":drop-rule:") {
			want = mutants.Invalid
		}
		if r.Verdict != want || r.Detail == "" {
			t.Errorf("%s %s: %s", r.ID, r.Verdict, r.Detail)
		}
	}
	if len(first) != 3 {
		t.Errorf("%d mutants", len(first))
	}
}

func TestWholeRunWritesItsScoreOnceAndNotAWorseOne(t *testing.T) {
	o, stdout := optionsFor(t)
	plan := planOf(t, t.Context(), o, some)
	err := o.whole(t.Context(), plan, &mutants.Score{}, nil)
	if !errors.Is(err, errFinding) || !strings.Contains(err.Error(), "mutants are too few: 400 are needed") {
		t.Fatalf("got %v", err)
	}
	written, err := os.ReadFile(o.score)
	if err != nil || string(written) != stdout.String() {
		t.Fatalf("%v: wrote\n%s\nand printed\n%s", err, written, stdout)
	}
	page, err := os.ReadFile(o.page)
	if err != nil || !strings.HasPrefix(string(page), "# Page\n\n"+pageMark+"\n**100.00 %** of") || strings.Contains(string(page), "old") {
		t.Errorf("%v: the page is\n%s", err, page)
	}

	last, _, err := o.kept()
	if err != nil {
		t.Fatal(err)
	}
	// The same run again has nothing left to judge.
	judged := o.stderr.(*bytes.Buffer)
	judged.Reset()
	if err := o.whole(t.Context(), plan, last, nil); !errors.Is(err, errFinding) || judged.Len() > 0 {
		t.Errorf("%v, judged again: %s", err, judged)
	}

	state, err := os.ReadFile(o.state)
	if err != nil {
		t.Fatal(err)
	}
	worse := strings.Replace(string(state), `"caught"`, `"survived"`, 1)
	if err := os.WriteFile(o.state, []byte(worse), 0o600); err != nil {
		t.Fatal(err)
	}
	err = o.whole(t.Context(), plan, last, nil)
	if !errors.Is(err, errFinding) || !strings.Contains(err.Error(), "is less than the 100.00 %") {
		t.Errorf("got %v", err)
	}
	if again, err := os.ReadFile(o.score); err != nil || !bytes.Equal(again, written) {
		t.Errorf("%v: the worse score is written:\n%s", err, again)
	}
}

func TestSampleFailsForWhatIsNoLongerCaught(t *testing.T) {
	o, stdout := optionsFor(t)
	plan := planOf(t, t.Context(), o, some)
	o.sample = 2
	if err := o.part(t.Context(), plan, &mutants.Score{}, nil); err == nil || !strings.Contains(err.Error(), "no score to compare with") {
		t.Errorf("got %v", err)
	}
	last := &mutants.Score{Files: []mutants.Count{{File: "x"}}}
	if err := o.part(t.Context(), plan, last, nil); err != nil || stdout.Len() > 0 {
		t.Errorf("got %v\n%s", err, stdout)
	}
	err := o.part(t.Context(), plan, last, mutants.Argued{"gone:x:negate:1": "because"})
	if !errors.Is(err, errFinding) || !strings.Contains(err.Error(), "there is no such mutant: gone") {
		t.Errorf("got %v", err)
	}
}

func TestStateIsForTheSameRunOnly(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state")
	results := map[string]mutants.Result{
		"a": {ID: "a", Verdict: mutants.Caught, Detail: "x"}, "b": {ID: "b", Verdict: mutants.Survived},
	}
	s, done, err := openState(name, "mark")
	if err != nil || len(done) > 0 {
		t.Fatalf("%v, %v", done, err)
	}
	for _, r := range results {
		if err := s.add(r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.file.WriteString(`{"id":"c","ver`); err != nil { // the end of a run that was killed
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, done, err = openState(name, "mark")
	if err != nil || !maps.Equal(done, results) || s.Close() != nil {
		t.Errorf("got %v, %v", done, err)
	}
	s, done, err = openState(name, "another mark")
	if err != nil || len(done) > 0 || s.Close() != nil {
		t.Errorf("got %v, %v", done, err)
	}
	if s, done, err = openState("", "mark"); s != nil || done != nil || err != nil || s.Close() != nil {
		t.Errorf("got %v, %v, %v", s, done, err)
	}
}

func TestUsageErrorsFail(t *testing.T) {
	t.Setenv("PSP2REGO_NATIVE", "")
	for want, args := range map[string][]string{
		"flag provided but not defined": {"-nonsense"},
		"unexpected argument":           {"all"},
		"is missing: build it":          {},
		"at least 1":                    {"-native", "x", "-cases", "0"},
		"missing.yaml":                  {"-native", "x", "-cluster", "missing.yaml"},
	} {
		var stderr bytes.Buffer
		if status := run(args, &bytes.Buffer{}, &stderr); status != exitFailed || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: status %d, %s", args, status, stderr.String())
		}
	}
}

// The page tells what is kept, and explains each operator.
func TestPageTellsTheScoreThatIsKept(t *testing.T) {
	t.Chdir("../..")
	o := &options{stderr: &bytes.Buffer{}}
	if err := o.parse([]string{"-native", "x"}); err != nil {
		t.Fatal(err)
	}
	last, argued, err := o.kept()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(o.page)
	if err != nil {
		t.Fatal(err)
	}
	_, told, _ := strings.Cut(string(page), pageMark+"\n")
	if diff := cmp.Diff(last.Markdown(argued), told); diff != "" {
		t.Errorf("run `make mutants` (-kept +told):\n%s", diff)
	}
	for _, operator := range mutants.Operators() {
		if !strings.Contains(string(page), "| `"+operator+"` |") {
			t.Errorf("%s does not explain %s", o.page, operator)
		}
	}
}
