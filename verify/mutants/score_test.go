// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// many are n mutants of two files with the verdicts that of gives them.
func many(n int, of func(i int) Verdict) (all []Mutant, results []Result) {
	for i := range n {
		file := []string{"a.rego", "b.rego"}[2*i/n]
		m := Mutant{ID: fmt.Sprintf("%s:x:negate:%08x", file, i), File: file, Line: i, Before: "a < b", After: "not a < b"}
		all = append(all, m)
		results = append(results, Result{ID: m.ID, Verdict: of(i)})
	}
	return all, results
}

func TestScoreCountsWhatIsNotEquivalent(t *testing.T) {
	all, results := many(500, func(i int) Verdict {
		switch i {
		case 0, 1:
			return Survived
		case 2:
			return Invalid
		}
		return Caught
	})
	argued := Argued{all[1].ID: "because"}
	score := NewScore("some cases", all, results, argued)
	total := score.Total()
	if total != (Count{File: "all", Mutants: 499, Caught: 497, Equivalent: 1, Invalid: 1}) || total.Survived() != 1 {
		t.Errorf("got %+v", total)
	}
	if len(score.Survivors) != 1 || score.Survivors[0].ID != all[0].ID || score.Percent() != 99.79 {
		t.Errorf("got %v, %v", score.Survivors, score.Percent())
	}
	if err := Problems(score, results, argued); err != nil {
		t.Error(err)
	}
	var text bytes.Buffer
	if err := score.Write(&text); err != nil {
		t.Fatal(err)
	}
	again, err := ParseScore(text.String())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(score, again); diff != "" {
		t.Errorf("(-written +read)\n%s\n%s", diff, text.String())
	}
}

func TestWhatMakesAWholeRunFail(t *testing.T) {
	caught := func(int) Verdict { return Caught }
	for want, tc := range map[string]struct {
		n      int
		of     func(int) Verdict
		argued Argued
	}{
		"399 mutants are too few": {n: 399, of: caught},
		"98.80 % of the mutants": {n: 500, of: func(i int) Verdict {
			if i < 6 {
				return Survived
			}
			return Caught
		}},
		"and caught: a.rego:x:negate:00000001":              {n: 400, of: caught, argued: Argued{"a.rego:x:negate:00000001": "x"}},
		"there is no such mutant: a.rego:x:negate:ffffffff": {n: 400, of: caught, argued: Argued{"a.rego:x:negate:ffffffff": "x"}},
		"argued equivalent, and does not compile: a.rego:x:negate": {n: 500, of: func(i int) Verdict {
			if i < 1 {
				return Invalid
			}
			return Caught
		}, argued: Argued{"a.rego:x:negate:00000000": "x"}},
	} {
		all, results := many(tc.n, tc.of)
		err := Problems(NewScore("", all, results, tc.argued), results, tc.argued)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s", err, want)
		}
	}
}

func TestSampleIsOfEveryFileAndLeavesOutWhatSurvived(t *testing.T) {
	all, results := many(400, func(i int) Verdict {
		if i == 7 {
			return Survived
		}
		return Caught
	})
	plan := &Plan{Mutants: all, targets: make([]*Target, len(all))}
	argued := Argued{all[300].ID: "because"}
	last := NewScore("some", all, results, argued)
	sample := plan.Sample(100, last, argued)
	files := map[string]int{}
	for _, m := range sample.Mutants {
		files[m.File]++
	}
	if files["a.rego"] != 50 || files["b.rego"] != 50 {
		t.Errorf("got %v", files)
	}
	if diff := cmp.Diff(sample.Mutants, plan.Sample(100, last, argued).Mutants); diff != "" {
		t.Error(diff)
	}
	for _, m := range plan.Sample(1000, last, argued).Mutants {
		if m.ID == all[7].ID || m.ID == all[300].ID {
			t.Errorf("%s is in the sample", m.ID)
		}
	}
	if err := plan.SampleProblems(results[8:], argued); err != nil {
		t.Error(err)
	}
	err := plan.SampleProblems(results, Argued{"gone": "because"})
	want := "argued equivalent, and there is no such mutant: gone\nno longer caught: " + all[7].ID
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestArguedListIsReadWithItsReasons(t *testing.T) {
	got, err := ParseArgued("# note\na.rego:x:negate:1\n  one reason,\n  on two lines\n\nb.rego:y:text:2\n  another\n")
	want := Argued{"a.rego:x:negate:1": "one reason, on two lines", "b.rego:y:text:2": "another"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for text, want := range map[string]string{
		"a:x\nb:y\n  reason":           "line 1: no reason for a:x",
		"a:x\n":                        "no reason for a:x",
		"  reason":                     "line 1: a reason without mutant",
		"a:x\n  reason\na:x\n  reason": "line 3: a:x stands twice",
	} {
		if _, err := ParseArgued(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want ...%s", text, err, want)
		}
	}
}

func TestScoreFileThatSomebodyBrokeIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"cases\nfile mutants\na.rego 3 1 1 0 0": "the numbers do not add up",
		"cases\na.rego 3 x 1 0 0":               "invalid syntax",
		"cases\nnonsense":                       `unexpected "nonsense"`,
	} {
		if _, err := ParseScore(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want ...%s", text, err, want)
		}
	}
}
