// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"psp2rego/verify/protocol"
)

// tarball packs files of a bundle.
func tarball(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	for name, text := range files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bundleOf is an engine whose entry points have the given bodies: a Rego value each, empty for none.
func bundleOf(t testing.TB, mutate, validate string) *OPA {
	t.Helper()
	o, err := LoadBundle(t.Context(), tarball(t, bundleFiles(mutate, validate)))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func bundleFiles(mutate, validate string) map[string]string {
	module := `package psp

explain := {"policies": {"p": {"usable": true, "authorized": true, "violations": ["no hostPID"]}}}
`
	for name, body := range map[string]string{"mutate": mutate, "validate": validate} {
		if body != "" {
			module += "\n" + name + " := " + body + "\n"
		}
	}
	return map[string]string{
		"psp/psp.rego": module, "psp/psp_test.rego": "package psp_test\n\nthis is no Rego",
		".manifest": `{"roots":["psp"],"rego_version":1}`,
	}
}

const (
	head    = `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": `
	allowed = head + `{"uid": input.request.uid, "allowed": true}}`
)

// What an API server would not take for an answer is a fault, and so is what says more than it may.
func TestWhatIsNoAnswerIsAFault(t *testing.T) {
	for name, tc := range map[string]struct{ answer, want string }{
		"no entry point":      {"", "the entry point is undefined"},
		"undefined":           {`1 if input.request.uid == "x"`, "the entry point is undefined"},
		"no review":           {`{"allowed": true}`, "not an AdmissionReview"},
		"another version":     {`{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview"}`, "not an AdmissionReview"},
		"no response":         {`{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}`, "without response"},
		"another uid":         {head + `{"uid": "x", "allowed": true}}`, "the response is for uid x"},
		"no verdict":          {head + `{"uid": input.request.uid}}`, "allowed <nil>"},
		"verdict as text":     {head + `{"uid": input.request.uid, "allowed": "true"}}`, "allowed true"},
		"patch of no type":    {head + `{"uid": input.request.uid, "allowed": true, "patch": "W10="}}`, "patch W10= of type <nil>"},
		"patch in no base64":  {head + `{"uid": input.request.uid, "allowed": true, "patch": "[]", "patchType": "JSONPatch"}}`, "patch: illegal base64"},
		"patch that fails":    {head + `{"uid": input.request.uid, "allowed": true, "patch": base64.encode("[{\"op\":\"remove\",\"path\":\"/x\"}]"), "patchType": "JSONPatch"}}`, "patch: "},
		"patched refusal":     {head + `{"uid": input.request.uid, "allowed": false, "patch": "W10=", "patchType": "JSONPatch"}}`, "a refusal carries a patch"},
		"refusal of no words": {head + `{"uid": input.request.uid, "allowed": false, "status": {"code": 403, "reason": "Forbidden"}}}`, "no message"},
		"another code":        {head + `{"uid": input.request.uid, "allowed": false, "status": {"code": 500, "reason": "Forbidden", "message": "x"}}}`, "code 500"},
		"audit of no text":    {head + `{"uid": input.request.uid, "allowed": true, "auditAnnotations": {"x": 1}}}`, `audit annotation "x"`},
		"two values at once":  {`input.request.object.x if input.request.uid`, "undefined"},
		"runtime error":       {`to_number(input.request.uid)`, "undefined"},
	} {
		t.Run(name, func(t *testing.T) {
			o := bundleOf(t, tc.answer, allowed)
			v, err := o.Evaluate(t.Context(), Mutate, podRequest(`{"spec":{}}`))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(v.Fault, tc.want) {
				t.Errorf("got %+v, want fault ...%s", v, tc.want)
			}
			native := &Verdict{Allowed: true, Handled: true}
			if d := compare(Mutate, native, v, nil); d == nil || d.Class != Fault {
				t.Errorf("a fault is no divergence: %+v", d)
			}
		})
	}
}

func TestValidatingAnswerMayNotPatch(t *testing.T) {
	patch := head + `{"uid": input.request.uid, "allowed": true, "patch": "W10=", "patchType": "JSONPatch"}}`
	v, err := bundleOf(t, patch, patch).Evaluate(t.Context(), Validate, podRequest(`{}`))
	if err != nil || !strings.Contains(v.Fault, "carries a patch") {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestBundleThatDoesNotCompileIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"syntax": "package psp\n\nx :=", "reference": "package psp\n\nx := nowhere(1)",
	} {
		if _, err := LoadBundle(t.Context(), tarball(t, map[string]string{"psp/psp.rego": text})); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The request reaches Rego with every number and text as it was sent.
func TestRequestReachesRegoUnchanged(t *testing.T) {
	o := bundleOf(t, head+`{"uid": input.request.uid, "allowed": false, "status": {"code": 403, "reason": "Forbidden",
		"message": json.marshal({"o": input.request.object, "u": input.request.userInfo, "n": input.request.namespace})}}}`, allowed)
	request := podRequest(`{"a":9223372036854775807,"b":-9007199254740993,"c":"ü\u2028\"","d":null,"e":[],"f":{}}`)
	request.UserInfo.Groups = []string{"g", ""}
	v, err := o.Evaluate(t.Context(), Mutate, request)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"n":"ns","o":{"a":9223372036854775807,"b":-9007199254740993,"c":"ü` + "\\u2028" + `\"","d":null,"e":[],"f":{}},"u":{"groups":["g",""],"username":"jeff"}}`
	if v.Message != want {
		t.Errorf("got  %s\nwant %s", v.Message, want)
	}
}

func TestEngineMayBeUsedConcurrently(t *testing.T) {
	o := bundleOf(t, allowed, allowed)
	done := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 50 {
				var v *Verdict
				if v, err = o.Evaluate(t.Context(), Mutate, podRequest(`{}`)); err != nil || !v.Allowed {
					break
				}
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestDefaultDecisionHasToBeTheValidatingPhases: data.system.main is what OPA answers at its root.
func TestDefaultDecisionHasToBeTheValidatingPhases(t *testing.T) {
	for main, want := range map[string]string{
		"import data.psp\n\nresponse := psp.validate.response\n\nkind := psp.validate.kind\n\napiVersion := psp.validate.apiVersion": "",
		"import data.psp\n\nresponse := psp.validate.response\n\nkind := psp.validate.kind":                                          "data.system.main is another answer than data.psp.validate",
		"kind := 1 if input.nothing": "data.system.main is another answer than data.psp.validate",
		"":                           "", // a bundle that makes no default decision
	} {
		files := bundleFiles(allowed, allowed)
		files[".manifest"] = `{"roots":["psp","system/main"],"rego_version":1}`
		if main != "" {
			files["system/main/main.rego"] = "package system.main\n\n" + main
		}
		opa, err := LoadBundle(t.Context(), tarball(t, files))
		if err != nil {
			t.Fatal(err)
		}
		input, err := reviewInput(&protocol.Request{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := opa.checkMain(t.Context(), input); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", main, got, want)
		}
	}
}
