// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

func recordingOf(t *testing.T, o Options) *Recording {
	t.Helper()
	r, err := NewRecording(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // the test's context has ended its evaluators
	return r
}

// variant is the recording's first bundle with another text for its module.
func variant(t *testing.T, r *Recording, edit func(string) string) *OPA {
	t.Helper()
	b, err := r.Bundle(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b.Modules()["psp/psp.rego"])
	opa, err := b.CompileWith(t.Context(), "psp/psp.rego", []byte(edit(text)))
	if err != nil {
		t.Fatal(err)
	}
	return opa
}

// judgeAll puts all cases of a unit.
func judgeAll(t *testing.T, r *Recording, unit int, opa *OPA) (*Divergence, error) {
	t.Helper()
	all, err := r.Reach(t.Context(), unit, nil)
	if err != nil {
		return nil, err
	}
	return r.Judge(t.Context(), unit, all, opa)
}

func unedited(text string) string { return text }

// A recording asks the cases of a run with the same options: it finds the first divergence that the
// run finds, in the same case.
func TestRecordingAsksTheCasesOfARun(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	r := recordingOf(t, o)
	open := variant(t, r, func(text string) string { return strings.ReplaceAll(text, "hostPID == true", "hostPID == 7") })
	var first *Divergence
	for unit := 0; unit < r.Units() && first == nil; unit++ {
		var err error
		if first, err = judgeAll(t, r, unit, open); err != nil {
			t.Fatal(err)
		}
	}
	bundle := answering(t, openPermission)
	o.Translate = func(context.Context, []json.RawMessage, string) ([]byte, error) { return bundle, nil }
	o.StopAfter = 1
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := report.Divergences[0]
	if first == nil || first.Cluster != want.Cluster || first.Case != want.Case || first.Phase != want.Phase {
		t.Errorf("got %v, want %v", first, want)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if r.Units() != 12 || r.Cases() != 600 || r.Version() != "v0" {
		t.Errorf("%d units, %d cases, version %s", r.Units(), r.Cases(), r.Version())
	}
}

func TestFaithfulVariantPassesEveryUnitAtOnce(t *testing.T) {
	r := recordingOf(t, fakeOptions(t, "good", faithfulBundle(t)))
	opa := variant(t, r, unedited)
	var all sync.WaitGroup
	for unit := range r.Units() {
		for range 3 {
			all.Go(func() {
				if d, err := judgeAll(t, r, unit, opa); d != nil || err != nil {
					t.Errorf("unit %d: %v, %v", unit, d, err)
				}
			})
		}
	}
	all.Wait()
}

// Cases that do not look at a rule cannot tell two versions of it apart; those that do are enough.
func TestReachedCasesAreThoseThatTellARuleApart(t *testing.T) {
	bundle := answering(t, refusal, permission+`
special contains "p" if input.request.object.spec.hostIPC

noticed if count(special) > 0

extra := noticed if input.request.object.spec.hostIPC
`)
	r := recordingOf(t, fakeOptions(t, "good", bundle))
	rule := func(name string) ast.Ref { return ast.MustParseRef("data.psp." + name) }
	open := variant(t, r, func(text string) string { return strings.ReplaceAll(text, "hostPID == true", "hostPID == 7") })
	for unit := range r.Units() {
		whole, err := judgeAll(t, r, unit, open)
		if err != nil {
			t.Fatal(err)
		}
		reached, err := r.Reach(t.Context(), unit, rule("answer"))
		if err != nil {
			t.Fatal(err)
		}
		part, err := r.Judge(t.Context(), unit, reached, open)
		if err != nil || (whole == nil) != (part == nil) || whole != nil && whole.Case != part.Case {
			t.Errorf("unit %d: %v, only the reached ones: %v, %v", unit, whole, part, err)
		}
		none, err := r.Reach(t.Context(), unit, rule("special"))
		if err != nil || none != nil {
			t.Errorf("unit %d: nobody asks for it, and it is looked at in %v, %v", unit, none, err)
		}
		above, err := r.Reach(t.Context(), unit, ast.MustParseRef("data.psp"))
		if err != nil || !slices.Equal(above, reached) {
			t.Errorf("unit %d: the package is looked at in %v, its rule in %v, %v", unit, above, reached, err)
		}
	}
}

// What differs without any fault would make every mutant a caught one.
func TestRecordingRefusesABundleThatDiffers(t *testing.T) {
	r := recordingOf(t, fakeOptions(t, "good", answering(t, openPermission)))
	opa := variant(t, r, unedited)
	var err error
	for unit := 0; unit < r.Units() && err == nil; unit++ {
		_, err = judgeAll(t, r, unit, opa)
	}
	if err == nil || !strings.Contains(err.Error(), "the bundle differs from native as it is: seed 5") {
		t.Errorf("got %v", err)
	}
}

func TestRecordingOfABrokenEvaluatorIsAnError(t *testing.T) {
	for mode, want := range map[string]string{
		"dies": "it died", "garbles": "garbled", "no verdict": "answer without admit", "internal error": "internal: panic",
		"other engine": "guesswork",
	} {
		t.Run(mode, func(t *testing.T) {
			r, err := NewRecording(fakeOptions(t, mode, faithfulBundle(t)))
			if err != nil {
				t.Fatal(err)
			}
			_, err = judgeAll(t, r, 0, variant(t, r, unedited))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want ...%s", err, want)
			}
			_ = r.Close() // the process may be gone
		})
	}
}

// A given cluster is asked in the two passes of a run, each with a bundle of its own.
func TestRecordingOfAGivenClusterHasBothPasses(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	o.Generate, o.Objects = false, []json.RawMessage{
		json.RawMessage(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"p"},"spec":{}}`),
	}
	r := recordingOf(t, o)
	first, err := r.Bundle(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	same, others := 0, 0
	for unit := range r.Units() {
		b, err := r.Bundle(t.Context(), unit)
		if err != nil {
			t.Fatal(err)
		}
		if b == first {
			same++
		} else {
			others++
		}
	}
	if same != 3 || others != 3 {
		t.Errorf("%d units of the first bundle, %d of others", same, others)
	}
}

func TestVariantThatIsNoBundleIsAnError(t *testing.T) {
	r := recordingOf(t, fakeOptions(t, "good", faithfulBundle(t)))
	b, err := r.Bundle(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string][2]string{
		"no module x.rego": {"x.rego", "package x"},
		"rego_parse_error": {"psp/psp.rego", "package psp\n\nx :="},
		"var y is unsafe":  {"psp/psp.rego", "package psp\n\nx := y"},
	} {
		if _, err := b.CompileWith(t.Context(), files[0], []byte(files[1])); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s", err, want)
		}
	}
}

func TestOptionsThatMakeNoRecordingAreRefused(t *testing.T) {
	o := fakeOptions(t, "good", nil)
	o.Translate, o.Generate, o.Bundle, o.Objects = nil, false, "x", []json.RawMessage{json.RawMessage(`{}`)}
	if _, err := NewRecording(o); err == nil || !strings.Contains(err.Error(), "needs to translate") {
		t.Errorf("got %v", err)
	}
}
