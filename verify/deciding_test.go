// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLeavesAreFoundAndReplaced(t *testing.T) {
	const text = `{"kind":"Pod","metadata":{"annotations":{"a.b/c":"x"}},"spec":{"c":[{"ports":[1,2]},{}],"on":true}}`
	for _, tc := range []struct{ path, without string }{
		{"metadata.annotations[a.b/c]", `{"kind":"Pod","metadata":{"annotations":{}},"spec":{"c":[{"ports":[1,2]},{}],"on":true}}`},
		{"spec.c[0].ports[0]", `{"kind":"Pod","metadata":{"annotations":{"a.b/c":"x"}},"spec":{"c":[{"ports":[2]},{}],"on":true}}`},
		{"spec.c[0].ports[1]", `{"kind":"Pod","metadata":{"annotations":{"a.b/c":"x"}},"spec":{"c":[{"ports":[1]},{}],"on":true}}`},
		{"spec.c[1]", `{"kind":"Pod","metadata":{"annotations":{"a.b/c":"x"}},"spec":{"c":[{"ports":[1,2]}],"on":true}}`},
		{"spec.on", `{"kind":"Pod","metadata":{"annotations":{"a.b/c":"x"}},"spec":{"c":[{"ports":[1,2]},{}]}}`},
	} {
		document, err := decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found := leaves(document, nil)
		if len(found) != 5 {
			t.Fatalf("leaves: %v", found)
		}
		for _, l := range found {
			if fieldPath(l.path) != tc.path {
				continue
			}
			if got := compact(replaced(document, l.path, absent)); got != tc.without {
				t.Errorf("without %s: %s", tc.path, got)
			}
			if got := at(replaced(document, l.path, "new"), l.path); got != "new" {
				t.Errorf("%s: put there new, stands %v", tc.path, got)
			}
			tc.path = ""
		}
		if tc.path != "" {
			t.Errorf("no leaf %s", tc.path)
		}
		if compact(document) != text {
			t.Errorf("the document was changed: %s", compact(document))
		}
	}
}

func TestConsequencesAreSaid(t *testing.T) {
	for want, d := range map[string]Deciding{
		"f of the pod is 1; without it only native's answer changes, and they agree":                 {Moves: "native", Agree: true},
		"f of the pod is 1; with 2 only the bundle's answer changes, and they differ in another way": {Moves: "bundle", Instead: "2"},
		"f of the pod is 1; without it both answers change, and they agree":                          {Moves: "both", Agree: true},
		"f of the pod is 1; without it the divergence is gone":                                       {Agree: true},
	} {
		d.Where, d.Field, d.Value = "pod", "f", "1"
		if got := d.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Effects are three, and each class has one.
func TestEveryClassHasAnEffect(t *testing.T) {
	got := map[Class]Class{}
	for _, class := range Classes() {
		got[class] = class.Effect()
	}
	want := map[Class]Class{
		FailOpen: FailOpen, Fault: FailClosed, FailClosed: FailClosed, Untranslated: FailClosed,
		Mutation: Mutation, NotMutated: Mutation, Policy: Mutation, Message: Mutation,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	d := &Divergence{Difference: Difference{Class: Policy, Phase: Validate, Detail: "native chooses \"a\x1b\":\nand more"}}
	if got := d.Sentence(); got != `mutation (policy) in validate: native chooses "a\u001b"` {
		t.Error(got)
	}
}

func TestAnswersStandSideBySide(t *testing.T) {
	native := &Recorded{
		Mutate:    &RecordedVerdict{Allowed: true, Policy: "p", Audit: map[string]string{"admit-policy": "p"}, Changes: []string{"add /a: 1", "add /b: 2"}},
		Validate:  &RecordedVerdict{Unhandled: true},
		APIErrors: []string{"spec: Required value"},
	}
	ours := &Recorded{
		Mutate:   &RecordedVerdict{Allowed: true, Policy: "p", Audit: map[string]string{"admit-policy": "p"}, Changes: []string{"add /b: 2", "add /c: 3"}},
		Validate: &RecordedVerdict{Message: strings.Repeat("word ", 30) + strings.Repeat("x", 90)},
	}
	var out strings.Builder
	p := &printer{w: &out}
	p.columns(sideBySide(native, ours), "bundle")
	want := `  native                                                     bundle
  mutate: allows, by policy p                                mutate: allows, by policy p
    audit admit-policy: p                                      audit admit-policy: p
    add /a: 1                                              |
    add /b: 2                                                  add /b: 2
                                                           |   add /c: 3
  validate: leaves the request alone                       | validate: refuses
                                                           |   word word word word word word word word word word word
                                                           |     word word word word word word word word word word
                                                           |     word word word word word word word word word
                                                           |     xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                                                           |     xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
  API validation refuses: spec: Required value             |
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
