// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWarningsAreAboutThePolicyThatWasChosenAndWhatItChanged(t *testing.T) {
	const before = `{"metadata": {"annotations": {"a/b": "1", "c": "1"}}, "spec": {"x": 1, "containers": [{"name": "c"}, {"name": "d"}]}}`
	const after = `{"metadata": {"annotations": {"a/b": "2", "c": "1"}}, "spec": {"x": 1, "y": 1,
		"containers": [{"name": "c"}, {"name": "d", "securityContext": {"runAsUser": 1}}]}}`
	long := strings.Repeat("p", 130)
	fits := strings.Repeat("p", 51) // with a line about runAsUser of just 120 characters
	for _, tc := range []struct {
		policy string
		given  any
		want   string // "" for warnings that are right
	}{
		{"p", nil, ""},
		{"p", []any{}, ""},
		{"p", []any{`PodSecurityPolicy "p" set spec.y`, `PodSecurityPolicy "p" set spec.containers[1].securityContext.runAsUser`}, ""},
		{"p", []any{`PodSecurityPolicy "p" set metadata.annotations[a/b]`}, ""},
		{"p", []any{`PodSecurityPolicy "p" set 7 more fields`}, ""},
		{"p", []any{`PodSecurityPolicy "p" set spec.containers[1].securityC...`}, "cut to another length than 120 characters"},
		{fits, []any{`PodSecurityPolicy "` + fits + `" set spec.containers[1].securityContext.runAsUser`}, ""},
		{fits, []any{`PodSecurityPolicy "` + fits + `" set spec.containers[1].securityContext.runAsU...`}, "no field that the patch changes has so long a line"},
		{fits + "p", []any{`PodSecurityPolicy "` + fits + `p" set spec.containers[1].securityContext.runAs...`}, ""},
		{fits + "p", []any{`PodSecurityPolicy "` + fits + `p" set spec.containers[0].securityContext.runAs...`}, "no field that the patch changes has so long a line"},
		{fits + "p", []any{`PodSecurityPolicy "` + fits + `p" set spec.containers[1].securityContext.runAsUser`}, "longer than 120 characters"},
		{"p", []any{"this cluster is moving away from policies"}, ""},
		{"", []any{"this cluster is moving away from policies"}, ""},
		{long, []any{`PodSecurityPolicy "` + long[:98] + "..."}, ""},
		{"p", "x", "not a list: x"},
		{"p", []any{1}, "not a text: 1"},
		{"p", []any{`PodSecurityPolicy "q" set spec.y`}, `the policy that was chosen is "p"`},
		{"p", []any{`PodSecurityPolicy "pp" set spec.y`}, `the policy that was chosen is "p"`},
		{"pp", []any{`PodSecurityPolicy "p" set spec.y`}, `the policy that was chosen is "pp"`},
		{"", []any{`PodSecurityPolicy "" set spec.y`}, `the policy that was chosen is ""`},
		{"", []any{"PodSecurityPolicy ..."}, `the policy that was chosen is ""`},
		{"p", []any{`PodSecurityPolicy "p" set spec.x`}, "the patch does not change that field"},
		{"p", []any{`PodSecurityPolicy "p" set spec.z`}, "the patch does not change that field"},
		{"p", []any{`PodSecurityPolicy "p" set metadata.annotations[c]`}, "the patch does not change that field"},
		{"p", []any{`PodSecurityPolicy "p" set spec.containers[0].securityContext.runAsUser`}, "the patch does not change that field"},
		{"p", []any{`PodSecurityPolicy "p" set spec.containers[x].name`}, "the patch does not change that field"},
		{"p", []any{`PodSecurityPolicy "p" set ` + strings.Repeat("x", 100)}, "longer than 120 characters"},
	} {
		document := map[string]any{"response": map[string]any{"warnings": tc.given}}
		err := checkWarnings(document, &Verdict{Policy: tc.policy, Object: json.RawMessage(after)}, json.RawMessage(before), false)
		if err == nil && tc.want != "" || err != nil && (tc.want == "" || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%.80v of %.10q: %v, want %q", tc.given, tc.policy, err, tc.want)
		}
	}
}

func TestWarningsTellOfEveryFieldThatChanged(t *testing.T) {
	const before = `{"metadata":{"annotations":{"a":"b"}},"spec":{"containers":[{"name":"c"}]}}`
	const after = `{"metadata":{"annotations":{"a":"b","kubernetes.io/psp":"p"}},"spec":{"runtimeClassName":"k","securityContext":{"fsGroup":1},` +
		`"containers":[{"name":"c","securityContext":{"runAsUser":1,"runAsGroup":2,"readOnlyRootFilesystem":true,"privileged":false}}]}}`
	set := func(fields ...string) []any {
		var lines []any
		for _, field := range fields {
			lines = append(lines, `PodSecurityPolicy "p" set `+field)
		}
		return lines
	}
	context := "spec.containers[0].securityContext."
	for name, tc := range map[string]struct {
		warnings []any
		wrong    bool
	}{
		"all":           {set("spec.runtimeClassName", "spec.securityContext.fsGroup", context+"runAsUser", context+"runAsGroup", "2 more fields"), false},
		"too few":       {set("spec.runtimeClassName"), true},
		"none":          {[]any{}, true},
		"a wrong count": {set("spec.runtimeClassName", "spec.securityContext.fsGroup", context+"runAsUser", context+"runAsGroup", "3 more fields"), true},
		"somebody's":    {[]any{"think of the logs"}, false},
	} {
		document := map[string]any{"response": map[string]any{"warnings": tc.warnings}}
		err := checkWarnings(document, &Verdict{Policy: "p", Object: json.RawMessage(after)}, json.RawMessage(before), true)
		if (err != nil) != tc.wrong {
			t.Errorf("%s: %v", name, err)
		}
	}
}
