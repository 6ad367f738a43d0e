// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/xml"
	"strings"
	"testing"
)

func readJUnit(t *testing.T, r *Report) junitSuites {
	t.Helper()
	text := reportAs(t, r, "junit")
	all := junitSuites{}
	if err := xml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return all
}

// outcomes are the tests by what became of them: passed, failed, error or skipped.
func outcomes(t *testing.T, suite junitSuite) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, c := range suite.Cases {
		if found[c.Name] != "" {
			t.Errorf("two tests are named %s", c.Name)
		}
		switch found[c.Name] = "passed"; {
		case c.Failure != nil:
			found[c.Name] = "failed"
		case c.Error != nil:
			found[c.Name] = "error"
		case c.Skipped != nil:
			found[c.Name] = "skipped"
		}
	}
	return found
}

func TestJUnitHasATestForEachPropertyAndCheck(t *testing.T) {
	r := plainSample(t)
	r.Passes[0].Checks["fs_group"] = &CheckCount{}
	all := readJUnit(t, r)
	if len(all.Suites) != 2 || all.Suites[0].Name != PassGiven || all.Time != "12.346" {
		t.Fatalf("got %+v", all)
	}
	got := outcomes(t, all.Suites[0])
	for name, want := range map[string]string{
		"cases were judged":                       "passed",
		"what native refuses is refused":          "failed",
		"what native allows is allowed":           "passed",
		"every request is answered":               "passed",
		"pods are changed as native changes them": "failed",
		"the same policy is chosen and told":      "passed",
		"refusals say the same":                   "passed",
		"what native takes is translated":         "failed",
		"host_pid":                                "failed",
		"run_as_user":                             "failed",
		"host_ipc":                                "passed",
		"fs_group":                                "skipped",
		"requests that vary no single check":      "passed",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if got := outcomes(t, all.Suites[1]); got["cases were judged"] != "error" || got["host_pid"] != "" {
		t.Errorf("a pass in which nothing was judged: %v", got)
	}
	for _, c := range all.Suites[0].Cases {
		if c.Name == "host_pid" && !strings.Contains(c.Failure.Text, "hostPID: true") {
			t.Errorf("the failure does not hold the case: %s", c.Failure.Text)
		}
	}
}

// What a suite says of its tests is what they are.
func TestJUnitCountsAreThoseOfItsTests(t *testing.T) {
	all := readJUnit(t, hostileSample(t))
	total := map[string]int{}
	for _, suite := range all.Suites {
		counts := map[string]int{}
		for _, outcome := range outcomes(t, suite) {
			counts[outcome]++
			total[outcome]++
		}
		if counts["failed"] != suite.Failures || counts["error"] != suite.Errors || counts["skipped"] != suite.Skipped || len(suite.Cases) != suite.Tests {
			t.Errorf("suite %q says %d failures, %d errors, %d skipped of %d; got %v", suite.Name, suite.Failures, suite.Errors, suite.Skipped, suite.Tests, counts)
		}
	}
	if total["failed"] != all.Failures || total["error"] != all.Errors || total["skipped"] != all.Skipped || all.Failures == 0 {
		t.Errorf("all say %d failures, %d errors, %d skipped; got %v", all.Failures, all.Errors, all.Skipped, total)
	}
}

// A divergence that is counted and not kept fails a test, too.
func TestJUnitFailsForDivergencesThatAreNotKept(t *testing.T) {
	for class, want := range map[Class]string{Message: "refusals say the same", Fault: "every request is answered"} {
		tally := newTally(PassGiven)
		tally.Phases[Validate].Asked, tally.Divergences[class] = 1, 1
		tally.Checks["host_pid"].Cases = 1
		suite := readJUnit(t, &Report{Passes: []*Tally{tally}}).Suites[0]
		got := outcomes(t, suite)
		if got[want] != "failed" || got["requests that vary no single check"] != "failed" || suite.Failures != 2 {
			t.Errorf("%s: %v", class, got)
		}
	}
}
