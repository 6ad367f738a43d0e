// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

const (
	answerHead = `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": input.request.uid, `
	plainAllow = answerHead + `"allowed": true}}`
	// plainRefusal is in words that native does not use, without code and reason.
	plainRefusal = answerHead + `"allowed": false, "status": {"message": "no"}}}`
)

// What is asked of a bundle depends on the entry points it has.
func TestEntryPointsDecideWhatIsAsked(t *testing.T) {
	own := "package psp\n\nexplain := {}\n"
	for name, tc := range map[string]struct {
		files     map[string]string
		phases    []Phase
		compared  Strictness
		strangers bool
	}{
		"both phases":      {map[string]string{"a.rego": "package psp\n\nmutate := " + plainAllow + "\n\nvalidate := " + plainRefusal}, []Phase{Mutate, Validate}, Decisions, true},
		"validate":         {map[string]string{"a.rego": "package psp.validate\n\nresponse := 1"}, []Phase{Validate}, Decisions, true},
		"mutate":           {map[string]string{"a.rego": "package psp\n\nmutate := " + plainAllow}, []Phase{Mutate}, Decisions, true},
		"main":             {map[string]string{"system/main.rego": "package system.main\n\nresponse := 1"}, []Phase{Validate}, Decisions, true},
		"reads users":      {map[string]string{"a.rego": "package psp\n\nvalidate := input.request.userInfo"}, []Phase{Validate}, Decisions, false},
		"own by explain":   {map[string]string{"a.rego": own}, []Phase{Mutate, Validate}, Everything, true},
		"own, reads users": {map[string]string{"a.rego": own + "\nx := input.request.userInfo"}, []Phase{Mutate, Validate}, Everything, false},
		"own by grants": {
			map[string]string{"a.rego": "package psp\n\nvalidate := input.request.userInfo", "lib/psp/grants/data.json": `{"users":{}}`},
			[]Phase{Mutate, Validate}, Everything, true,
		},
	} {
		r, err := openBundle(t.Context(), onDisk(t, tc.files), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(r.Phases, tc.phases) || r.Compared != tc.compared || r.strangers != tc.strangers {
			t.Errorf("%s: %+v, strangers %v", name, r.RuleSet, r.strangers)
		}
		if told := strings.Contains(strings.Join(r.Notes, "\n"), "left out"); told == tc.strangers {
			t.Errorf("%s: notes %q", name, r.Notes)
		}
	}
}

func TestBundleThatCannotBeJudgedIsAnError(t *testing.T) {
	for name, tc := range map[string]struct{ file, text, want string }{
		"no entry point":   {"a.rego", "package a\n\nx := 1", "no entry point: neither data.psp.mutate, data.psp.validate nor data.system.main"},
		"no Rego":          {"a.rego", "package", "rego_parse_error"},
		"unknown function": {"a.rego", "package psp\n\nvalidate := nowhere(1)", "undefined function nowhere"},
	} {
		if _, err := openBundle(t.Context(), onDisk(t, map[string]string{tc.file: tc.text}), nil); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := openBundle(t.Context(), "x/policy.rego", nil); err == nil || !strings.Contains(err.Error(), "name the folder") {
		t.Errorf("a file of Rego: %v", err)
	}
}

// Entry points of any making may refuse in their own words, and their faults are faults.
func TestEntryPointsAreAskedAsAWebhookIs(t *testing.T) {
	rules := "package psp\n\nmutate := " + answerHead + `"allowed": true, "patchType": "JSONPatch", "patch": base64.encode(input.request.object.metadata.patch)}}` +
		"\n\nvalidate := " + plainRefusal + ` if input.request.namespace == "ns"`
	r, err := openBundle(t.Context(), onDisk(t, map[string]string{"a.rego": rules}), nil)
	if err != nil {
		t.Fatal(err)
	}
	patch := func(text string) string { return `{"metadata":{"patch":` + text + `}}` }
	v, err := r.engine.Evaluate(t.Context(), Mutate, podRequest(patch(`"[{\"op\":\"add\",\"path\":\"/x\",\"value\":1}]"`)))
	if err != nil || !v.Allowed || !strings.Contains(string(v.Object), `"x":1`) {
		t.Errorf("%+v, %v", v, err)
	}
	v, err = r.engine.Evaluate(t.Context(), Mutate, podRequest(patch(`"[{\"op\":\"remove\",\"path\":\"/x\"}]"`)))
	if err != nil || !strings.Contains(v.Fault, "patch: ") {
		t.Errorf("a patch that fails: %+v, %v", v, err)
	}
	v, err = r.engine.Evaluate(t.Context(), Validate, podRequest(`{}`))
	if err != nil || v.Allowed || v.Message != "no" || v.Fault != "" {
		t.Errorf("%+v, %v", v, err)
	}
	elsewhere := podRequest(`{}`)
	elsewhere.Namespace = "other"
	if v, err = r.engine.Evaluate(t.Context(), Validate, elsewhere); err != nil || !strings.Contains(v.Fault, "undefined") {
		t.Errorf("an undefined entry point: %+v, %v", v, err)
	}
	if _, err := (entryEngine{}).Evaluate(t.Context(), Mutate, elsewhere); err == nil {
		t.Error("a phase without entry point is no error")
	}
}

// Grants of synthetic requesters are laid over those of a bundle that has them as data; nothing else changes.
func TestSyntheticGrantsAreLaidOverABundle(t *testing.T) {
	files := bundleFiles(answerHead+`"allowed": true, "auditAnnotations": {"admit-policy": json.marshal(data.lib.psp.grants.users)}}}`, allowed)
	files["lib/psp/grants/data.json"] = `{"users":{"jeff":{"cluster":["q"]}},"groups":{}}`
	files[".manifest"] = `{"roots":["psp","lib/psp"],"rego_version":1}`
	dir := onDisk(t, files)
	objects := []json.RawMessage{
		json.RawMessage(`{"kind":"ClusterRoleBinding","metadata":{"name":"psp2rego:p"}}`), json.RawMessage(`{"kind":"ClusterRoleBinding","metadata":{"name":"b"}}`),
		json.RawMessage(`{"kind":"ClusterRole","metadata":{"name":"psp2rego:r"}}`), json.RawMessage(onePolicy),
	}
	for want, objects := range map[string][]json.RawMessage{
		`{"jeff":{"cluster":["q"]},"psp2rego:p":{"cluster":["p"]}}`: objects,
		`{"jeff":{"cluster":["q"]}}`:                                objects[1:],
	} {
		r, err := (&Options{Bundle: dir}).open(t.Context(), objects)
		if err != nil {
			t.Fatal(err)
		}
		v, err := r.opa.Evaluate(t.Context(), Mutate, podRequest(`{}`))
		if err != nil || v.Policy != want {
			t.Errorf("got %+v, %v, want %s", v, err, want)
		}
	}
}
