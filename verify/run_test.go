// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/cases"
)

// refusal and permission are what the fake evaluator answers, as rules.
const (
	refusal = `
answer(verb, _) := {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
	"uid": input.request.uid, "allowed": false,
	"status": {"code": 403, "reason": "Forbidden", "message": sprintf("PodSecurityPolicy: unable to %s pod: [no hostPID]", [verb])},
}} if input.request.object.spec.hostPID == true
`
	permission = `
answer(_, key) := {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
	"uid": input.request.uid, "allowed": true, "auditAnnotations": {key: "p"},
}} if not input.request.object.spec.hostPID == true
`
	// openPermission forgets hostPID.
	openPermission = `
answer(_, key) := {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
	"uid": input.request.uid, "allowed": true, "auditAnnotations": {key: "p"},
}}
`
)

func answering(t testing.TB, rules ...string) []byte {
	t.Helper()
	files := bundleFiles(`answer("admit", "admit-policy")`, `answer("validate", "validate-policy")`)
	files["psp/psp.rego"] += strings.Join(rules, "")
	return tarball(t, files)
}

func faithfulBundle(t testing.TB) []byte { return answering(t, refusal, permission) }

func fakeOptions(t *testing.T, mode string, bundle []byte) Options {
	t.Helper()
	return Options{
		Native: fakeEvaluator(t, mode), Generate: true, Cases: 600, PerCluster: 50, Seed: 5, Workers: 2, AllowUndecided: true,
		Translate: func(context.Context, []json.RawMessage, string) ([]byte, error) { return bundle, nil },
	}
}

func reportText(t *testing.T, r *Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFaithfulBundleIsEquivalent(t *testing.T) {
	r, err := Run(t.Context(), fakeOptions(t, "good", faithfulBundle(t)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome() != Equivalent || r.Cases() != 600 {
		t.Errorf("outcome %d\n%s", r.Outcome(), reportText(t, r))
	}
}

// One worker or four: the report is the same, down to the divergences that are kept.
func TestReportDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	open := answering(t, openPermission)
	var first *Report
	for _, workers := range []int{1, 4} {
		o := fakeOptions(t, "good", open)
		o.Workers, o.StopAfter = workers, 20
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = r
		} else if diff := cmp.Diff(first, r); diff != "" {
			t.Errorf("%d workers (-one +these):\n%s", workers, diff)
		}
	}
	if first.Outcome() != Diverging {
		t.Errorf("nothing was found:\n%s", reportText(t, first))
	}
}

// A bundle that forgets hostPID is caught, made small, written, and found again in the file.
func TestForgottenCheckIsCaughtShrunkAndRecorded(t *testing.T) {
	o := fakeOptions(t, "good", answering(t, openPermission))
	o.Record, o.Shrink, o.Keep = filepath.Join(t.TempDir(), "found"), 2000, 1
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Divergences) != 1 || r.Divergences[0].Class != FailOpen {
		t.Fatalf("not caught:\n%s", reportText(t, r))
	}
	d := r.Divergences[0]
	if got := string(d.Request.Object); got != `{"spec":{"hostPID":true}}` || len(d.Objects) != 0 {
		t.Errorf("not small: %s, %d objects", got, len(d.Objects))
	}
	want := Deciding{Where: "pod", Field: "spec.hostPID", Value: "true", Moves: "native", Agree: true}
	if !d.Shrunk.Minimal || d.Deciding == nil || *d.Deciding != want {
		t.Errorf("shrunk %+v, deciding field %+v", d.Shrunk, d.Deciding)
	}
	c, err := ReadCaseFile(d.File)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Replay(t.Context(), o, c)
	if err != nil {
		t.Fatal(err)
	}
	if again.Outcome() != Diverging || again.Divergences[0].Class != FailOpen || *again.Divergences[0].Deciding != want {
		t.Errorf("the file does not show it:\n%s", reportText(t, again))
	}
	repaired := faithfulBundle(t)
	o.Translate = func(context.Context, []json.RawMessage, string) ([]byte, error) { return repaired, nil }
	if again, err = Replay(t.Context(), o, c); err != nil || again.Outcome() != Equivalent {
		t.Errorf("repaired, and still: %v, %v", again, err)
	}
}

// Whatever an evaluator does instead of answering is an error and no result, and the case that was
// asked is kept as a file, by which it can be asked again.
func TestBrokenEvaluatorEndsTheRunAsAnError(t *testing.T) {
	asked := cases.Generate(cases.Defaults(), 5, 0).Group(cases.Defaults(), 5, 0)[1].Request
	for mode, want := range map[string]string{
		"dies":           "case 1: it died; it wrote: out of memory",
		"hangs":          "case 1: it did not answer within 200ms",
		"garbles":        "case 1: garbled",
		"half a line":    "case 1: it died: after half a line",
		"repeats":        "case 1: answer has id",
		"no verdict":     "case 1: answer without admit",
		"internal error": "case 1: internal: panic",
	} {
		t.Run(mode, func(t *testing.T) {
			o := fakeOptions(t, mode, faithfulBundle(t))
			o.Workers, o.Record = 1, filepath.Join(t.TempDir(), "kept")
			if mode == "hangs" {
				o.Native.Timeout = 200 * time.Millisecond
			}
			r, err := Run(t.Context(), o)
			broken := (*CaseError)(nil)
			if r != nil || !errors.As(err, &broken) || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want ...%s", err, want)
			}
			if name := "evaluator_generated_seed_5_cluster_0_case_1.txtar"; filepath.Base(broken.File) != name {
				t.Errorf("kept as %s, not %s", broken.File, name)
			}
			c, err := ReadCaseFile(broken.File)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asked.UserInfo, c.Request.UserInfo) + unequal(asked.Object, c.Request.Object); diff != "" {
				t.Errorf("another case was asked: %s", diff)
			}
			if !strings.Contains(c.Comment, want) {
				t.Errorf("the file says %q", c.Comment)
			}
			o.Record = ""
			if _, err = Run(t.Context(), o); !errors.As(err, &broken) || broken.File != "" || broken.Seed != 5 {
				t.Errorf("got %v", err)
			}
		})
	}
}

// An evaluator that takes a cluster for its death sentence leaves the cluster as the case.
func TestClusterThatBreaksTheEvaluatorIsKept(t *testing.T) {
	o := fakeOptions(t, "dies at once", faithfulBundle(t))
	o.Workers, o.Record = 1, t.TempDir()
	_, err := Run(t.Context(), o)
	broken := (*CaseError)(nil)
	if !errors.As(err, &broken) || filepath.Base(broken.File) != "evaluator_generated_seed_5_cluster_0.txtar" {
		t.Fatalf("got %v", err)
	}
	c, err := ReadCaseFile(broken.File)
	if err != nil || c.Request != nil || len(c.Objects) == 0 {
		t.Errorf("kept %+v, %v", c, err)
	}
	o.Record = filepath.Join(broken.File, "no folder")
	if _, err = Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "died") || !strings.Contains(err.Error(), "cannot be saved") {
		t.Errorf("got %v", err)
	}
}

func TestEvaluatorOfAnotherKubernetesIsRefused(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	o.Native.Version = "v1.24.17"
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is version v0, not v1.24.17") {
		t.Errorf("got %v", err)
	}
}

func TestObjectsThatCannotBeTranslatedAreADivergence(t *testing.T) {
	o := fakeOptions(t, "good", nil)
	o.Translate = func(context.Context, []json.RawMessage, string) ([]byte, error) { return nil, errors.New("no idea") }
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome() != Diverging || r.Divergences[0].Class != Untranslated {
		t.Errorf("got:\n%s", reportText(t, r))
	}
}

func TestGivenClusterHasASecondPassWithSyntheticRequesters(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	o.Generate, o.Objects = false, []json.RawMessage{
		json.RawMessage(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"p"},"spec":{}}`),
	}
	granted := 0
	translate := o.Translate
	o.Translate = func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
		for _, object := range objects {
			if bytes.Contains(object, []byte(cases.SyntheticPrefix+"p")) {
				granted++
			}
		}
		return translate(ctx, objects, dialect)
	}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Passes) != 2 || r.Passes[0].Name != PassGiven || r.Passes[1].Name != PassSynthetic || granted != 2 {
		t.Errorf("%d objects grant; report:\n%s", granted, reportText(t, r))
	}
	if r.Passes[0].Cases != 300 || r.Passes[1].Cases != 300 {
		t.Errorf("%d and %d cases", r.Passes[0].Cases, r.Passes[1].Cases)
	}
}

func TestReadyBundleIsJudgedFromDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if err := os.WriteFile(path, faithfulBundle(t), 0o600); err != nil {
		t.Fatal(err)
	}
	o := fakeOptions(t, "good", nil)
	o.Generate, o.Translate, o.Bundle = false, nil, path
	o.Objects = []json.RawMessage{json.RawMessage(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"p"},"spec":{}}`)}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome() != Equivalent || len(r.Passes) != 2 || r.Judged == nil || r.Judged.Compared != Everything {
		t.Errorf("report:\n%s", reportText(t, r))
	}
}

func TestOptionsThatCannotBeMetAreRefused(t *testing.T) {
	translate := func(context.Context, []json.RawMessage, string) ([]byte, error) { return nil, nil }
	objects := []json.RawMessage{json.RawMessage(`{}`)}
	native := NativeCommand{Path: "x"}
	for want, o := range map[string]Options{
		"no native evaluator":                    {Cases: 1, Translate: translate, Generate: true},
		"no cases asked for":                     {Native: native, Translate: translate, Generate: true},
		"neither a bundle":                       {Native: native, Cases: 1, Generate: true},
		"generated policies need":                {Native: native, Cases: 1, Generate: true, Bundle: "x"},
		"policies are either given or generated": {Native: native, Cases: 1, Generate: true, Translate: translate, Objects: objects},
		"no objects":                             {Native: native, Cases: 1, Translate: translate},
		`unknown dialect "x"`:                    {Native: native, Cases: 1, Translate: translate, Objects: objects, Dialect: "x"},
	} {
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s", err, want)
		}
	}
}
