// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify"
)

func said(mutate, validate *verify.RecordedVerdict) *verify.Judgement {
	return &verify.Judgement{Native: &verify.Recorded{Mutate: mutate, Validate: validate}}
}

func TestOutcomesOfACase(t *testing.T) {
	yes, no := &verify.RecordedVerdict{Allowed: true}, &verify.RecordedVerdict{}
	alone := &verify.RecordedVerdict{Allowed: true, Unhandled: true}
	for name, tc := range map[string]struct {
		judgement *verify.Judgement
		want      Outcome
	}{
		"both phases allow":    {said(yes, yes), Allowed},
		"the first refuses":    {said(no, yes), Refused},
		"the second refuses":   {said(yes, no), Refused},
		"nobody looks":         {said(alone, alone), LeftAlone},
		"an update is allowed": {said(alone, yes), Allowed},
		"the bundle alone":     {&verify.Judgement{Ours: said(yes, no).Native}, Refused},
		"nothing to ask":       {&verify.Judgement{}, Translated},
		"not taken":            {&verify.Judgement{Refused: "no pod"}, Discarded},
		"a known difference":   {&verify.Judgement{Known: "x", Native: said(yes, yes).Native}, Discarded},
	} {
		if got := outcomes(tc.judgement); !cmp.Equal(got, []Outcome{tc.want}) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// A property that was not tried in all its aspects does not hold.
func TestNothingHoldsEmpty(t *testing.T) {
	p := Property{Name: "p", Expect: []Outcome{Allowed, Refused}, ExpectOnce: []Outcome{LeftAlone}}
	r := newResult(p, 1)
	if r.Empty = r.empty(p); r.Holds() || !cmp.Equal(r.Empty, []string{"no cases"}) {
		t.Errorf("without cases: %v", r.Empty)
	}
	yes, no := &verify.RecordedVerdict{Allowed: true}, &verify.RecordedVerdict{}
	r.count("a", said(yes, yes))
	r.count("a", said(no, no))
	r.count("b", said(yes, yes))
	want := []string{"all cases: no case was left alone", "b: no case was refused"}
	if r.Empty = r.empty(p); r.Holds() || !cmp.Equal(r.Empty, want) {
		t.Errorf("half tried: %q", r.Empty)
	}
	r.count("b", said(no, no))
	r.count("b", said(yes, &verify.RecordedVerdict{Allowed: true, Unhandled: true}))
	if r.Empty = r.empty(p); !r.Holds() {
		t.Errorf("tried: %q", r.Empty)
	}
	if r.Violated++; r.Holds() {
		t.Error("holds although it is violated")
	}
}

func TestEveryClassCountsSomewhere(t *testing.T) {
	all := []Strictness{CompareVerdict, CompareChoice, CompareFields, CompareMutation, CompareBytes}
	for class, want := range map[verify.Class][]Strictness{
		verify.FailOpen: all, verify.FailClosed: all, verify.Fault: all, verify.Untranslated: all,
		verify.Policy:   {CompareChoice, CompareMutation, CompareBytes},
		verify.Message:  {CompareFields, CompareBytes},
		verify.Mutation: {CompareMutation, CompareBytes},
		Unstable:        {CompareBytes},
	} {
		got := slices.DeleteFunc(slices.Clone(all), func(s Strictness) bool { return !s.Counts(class) })
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", class, d)
		}
	}
}

func TestWhatIsNotNeededForDecisionsIsNotCompared(t *testing.T) {
	module := "# custom:\n#   source: \"a\"\n#   sha256: \"1\"\n#   psp2rego: \"v\"\npackage p\n\nx := 1\n"
	manifest := `{"revision":"1","roots":["r"],"metadata":{"psp2rego":{"files":{"a":"1"},"sources":{"s":"1"},"version":"v"}}}`
	a := map[string][]byte{"lib/psp/policies/p.rego": []byte(module), manifestPath: []byte(manifest), "x": []byte("1")}
	change := func(path, old, now string) map[string][]byte {
		b := map[string][]byte{}
		for name, data := range a {
			b[name] = data
		}
		if old == "" {
			delete(b, path)
			return b
		}
		b[path] = []byte(strings.Replace(string(a[path]), old, now, 1))
		return b
	}
	for _, tc := range []struct{ path, old, now, want string }{
		{"lib/psp/policies/p.rego", `"a"`, `"b"`, ""},
		{"lib/psp/policies/p.rego", `"1"`, `"2"`, ""},
		{"lib/psp/policies/p.rego", `"v"`, `"w"`, "lib/psp/policies/p.rego"},
		{"lib/psp/policies/p.rego", `x := 1`, `x := 2`, "lib/psp/policies/p.rego"},
		{manifestPath, `"a":"1"`, `"a":"2"`, ""},
		{manifestPath, `"revision":"1"`, `"revision":"2"`, ""},
		{manifestPath, `["r"]`, `["s"]`, manifestPath},
		{manifestPath, `{`, ``, manifestPath},
		{"x", "1", "2", "x"},
		{"x", "", "", "x"},
	} {
		b := change(tc.path, tc.old, tc.now)
		if x, y := differingFile(a, b), differingFile(b, a); x != tc.want || y != tc.want {
			t.Errorf("%s, %s to %s: %q and %q", tc.path, tc.old, tc.now, x, y)
		}
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	translate := func(context.Context, []json.RawMessage, string) ([]byte, error) { return nil, nil }
	for want, o := range map[string]Options{
		"no cases asked for":          {Translate: translate},
		"a way to translate":          {Cases: 1, Translate: translate},
		"native evaluator: exec: no ": {Cases: 1, Translate: translate, Repack: repack, Folder: folder, Pack: pack},
	} {
		if _, err := Run(t.Context(), choice(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s", err, want)
		}
	}
}

func repack(context.Context, [][]byte, string) ([]byte, error)        { return nil, nil }
func folder(context.Context, []json.RawMessage, string, string) error { return nil }
func pack(context.Context, string) ([]byte, error)                    { return nil, nil }
