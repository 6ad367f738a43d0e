// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func reportAs(t *testing.T, r *Report, format string) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.Write(&out, format); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A report that went through JSON is the same report, to the last field.
func TestReportComesBackFromJSON(t *testing.T) {
	o := fakeOptions(t, "good", answering(t, openPermission))
	o.Shrink, o.Record, o.Tool, o.Command = 100, t.TempDir(), "v1", []string{"psp2rego", "verify", "--generate"}
	made, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	made.Elapsed = 3 * time.Second
	failed := fakeOptions(t, "good", faithfulBundle(t))
	agreeing, err := Run(t.Context(), failed)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*Report{
		"sample": plainSample(t), "hostile": hostileSample(t), "found": made, "agreeing": agreeing,
		"nothing": {Passes: []*Tally{newTally(PassGenerated)}},
	} {
		t.Run(name, func(t *testing.T) {
			text := reportAs(t, want, "json")
			got, err := ReadReport(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-written +read):\n%s", diff)
			}
			if again := reportAs(t, got, "json"); again != text {
				t.Errorf("written again it differs:\n%s", cmp.Diff(text, again))
			}
		})
	}
}

func TestJSONThatIsNoReportIsRefused(t *testing.T) {
	good := reportAs(t, plainSample(t), "json")
	if _, err := ReadReport(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ old, changed, want string }{
		{good, "", "not a report of verify --format json: "},
		{good, "[]", "not a report of verify --format json: "},
		{good, "{}", "it has no version"},
		{good, good + "{}", "invalid character '{' after top-level value"},
		{`"version": 1`, `"version": 2`, "version 2, want 1: read it with the psp2rego that wrote it"},
		{`"tool"`, `"tools"`, `unknown field "tools"`},
		{`"decisiveAllow"`, `"decisive"`, `unknown field "decisive"`},
		{`"outcome": "diverging"`, `"outcome": "equivalent"`, "it was changed after it was written"},
		{`"cases": 20001`, `"cases": 20000`, "it was changed after it was written"},
		{`"host_pid": {`, `"host_pod": {`, `passes[0]: unknown check "host_pod"`},
		{`"fail-open": 2`, `"fail-often": 2`, `passes[0]: unknown class "fail-often"`},
		{`"mutate": {`, `"mutation": {`, "passes[0]: no counts of phase mutate"},
		{`"effect": "fail-open"`, `"effect": "mutation"`, "divergences[0]: not a divergence"},
		{`"name": "requesters of the input"`, `"name": ""`, "passes[0]: no name"},
		{`"known": {`, `"known": null, "x": {`, `unknown field "x"`},
		{`"agree": 19000`, `"agree": 20000`, "passes[0]: score: 20003 cases of 20000"},
		{`"worst": {`, `"worst": {"fail-often": 1,`, `passes[0]: score: unknown class "fail-often"`},
		{`"grants": {`, `"groups": {`, `passes[0]: score: unknown cause "groups"`},
		{`"notAsked": 0`, `"notAsked": 0, "worst": null`, "passes[0]: score: agree, worst or causes is missing"},
		{`"pairs": 9`, `"pairs": 9, "classes": {"x": 1}`, `passes[0]: score: cause "host_pid": unknown class "x"`},
		{`"seed": 18446744073709551615`, `"seed": 18446744073709551616`, "cannot unmarshal number"},
	} {
		text := strings.Replace(good, tc.old, tc.changed, 1)
		if text == good {
			t.Fatalf("the report does not hold %s", tc.old)
		}
		if r, err := ReadReport(strings.NewReader(text)); err == nil || r != nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.40s: got %v, want ...%s", tc.changed, err, tc.want)
		}
	}
}

// Whatever the form, the report is a function of what it holds.
func TestReportsAreWrittenTheSameTwice(t *testing.T) {
	for _, format := range Formats() {
		if a, b := reportAs(t, plainSample(t), format), reportAs(t, plainSample(t), format); a != b {
			t.Errorf("%s:\n%s", format, cmp.Diff(a, b))
		}
	}
	if err := plainSample(t).Write(&bytes.Buffer{}, "pdf"); err == nil {
		t.Error("there is a form named pdf")
	}
}
