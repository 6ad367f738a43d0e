// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"psp2rego/translate/psp"
	"psp2rego/verify"
)

// FuzzHostilePoliciesBecomeLoadableBundles puts arbitrary text wherever a policy may hold text. Whatever it is, it stays
// text: the bundle loads in OPA, knows the policy by its very name, and refuses a pod that needs what the policy does not
// allow.
func FuzzHostilePoliciesBecomeLoadableBundles(f *testing.F) {
	for _, text := range []string{
		"restricted", "default", "not", "a.b-c", "x\ny", "\"] := true\n#", "`raw`", "../../etc/passwd", "a\\", "\u2028package x",
		"{{template}}", "%s%n", "# METADATA\n# scope: package", strings.Repeat("a", 253), "\U0001F600", "accepts if true", "_test",
	} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		policy := hostilePolicy(name, text)
		data, err := json.Marshal(policy)
		if err != nil {
			t.Skip(err)
		}
		tarball, err := translateObjects(t.Context(), []json.RawMessage{data}, dialectKubernetes)
		if err != nil {
			if name != "" && name != psp.AllowAll && printable(name) && len(data) < 1<<20 {
				t.Fatalf("%q: %v", name, err)
			}
			return
		}
		engine, err := verify.LoadBundle(t.Context(), tarball)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		q, err := (&explainOptions{user: "jeff"}).ask(&workload{kind: "Pod", pod: &corev1.Pod{Spec: corev1.PodSpec{HostPID: true}}})
		if err != nil {
			t.Fatal(err)
		}
		verdict, err := engine.Evaluate(t.Context(), verify.Mutate, &q.prepared)
		if err != nil || verdict.Fault != "" || verdict.Allowed {
			t.Fatalf("%q: %v %+v", name, err, verdict)
		}
		explanation, err := engine.Explain(t.Context(), &q.prepared)
		if err != nil {
			t.Fatal(err)
		}
		var kept psp.PodSecurityPolicy // JSON replaces what is no UTF-8
		if err := json.Unmarshal(data, &kept); err != nil {
			t.Fatal(err)
		}
		entry, ok := explanation.Policies[kept.Name]
		if len(explanation.Policies) != 1 || !ok || entry.Accepts || entry.Authorized || len(entry.Violations) == 0 {
			t.Fatalf("%q: explained as %+v", name, explanation)
		}
	})
}

// printable tells whether OPA's formatter can print a package of that name. It escapes as Go does, Rego reads escapes as
// JSON does, so that some control characters come back as syntax errors; such a policy is refused. No API server has one.
func printable(name string) bool {
	var back string
	return json.Unmarshal([]byte(strconv.Quote(name)), &back) == nil
}

func hostilePolicy(name, text string) *psp.PodSecurityPolicy {
	p := &psp.PodSecurityPolicy{
		TypeMeta: metav1.TypeMeta{APIVersion: "policy/v1beta1", Kind: "PodSecurityPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{
			psp.SeccompDefaultProfile: text, psp.SeccompAllowedProfiles: text,
			psp.AppArmorDefaultProfile: text, psp.AppArmorAllowedProfiles: text, "note": text,
		}},
	}
	s := &p.Spec
	s.SELinux = psp.SELinuxStrategyOptions{Rule: psp.MustRunAs, SELinuxOptions: &psp.SELinuxOptions{User: text, Level: text}}
	s.RunAsUser.Rule, s.FSGroup.Rule, s.SupplementalGroups.Rule = psp.RunAsAny, psp.RunAsAny, psp.RunAsAny
	s.AllowedCapabilities = []psp.Capability{psp.Capability(text)}
	s.DefaultAddCapabilities, s.RequiredDropCapabilities = s.AllowedCapabilities, s.AllowedCapabilities
	s.Volumes = []psp.FSType{psp.FSType(text)}
	s.AllowedHostPaths = []psp.AllowedHostPath{{PathPrefix: text}}
	s.AllowedFlexVolumes = []psp.AllowedFlexVolume{{Driver: text}}
	s.AllowedCSIDrivers = []psp.AllowedCSIDriver{{Name: text}}
	s.AllowedUnsafeSysctls, s.ForbiddenSysctls = []string{text}, []string{text}
	s.AllowedProcMountTypes = []psp.ProcMountType{psp.ProcMountType(text)}
	s.RuntimeClass = &psp.RuntimeClassStrategyOptions{AllowedRuntimeClassNames: []string{text}, DefaultRuntimeClassName: &text}
	return p
}

// FuzzEveryReviewIsAnswered asks every entry point with arbitrary documents. The answer is always an AdmissionReview with
// a verdict, and what has no object to judge is refused with a message.
func FuzzEveryReviewIsAnswered(f *testing.F) {
	review, err := os.ReadFile("../../docs/examples/review.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(review)
	for _, swap := range [][2]string{
		{`"containers": [{"name": "demopod", "image": "nginx"}]`, `"containers": {"a": 1}`},
		{`"containers": [{"name": "demopod", "image": "nginx"}]`, `"containers": [null, 1, {"securityContext": []}], "volumes": "x"`},
		{`"groups": ["system:authenticated"]`, `"groups": {"a": [1]}`},
		{`"username": "jeff"`, `"username": null`},
		{`"operation": "CREATE"`, `"operation": "UPDATE", "oldObject": {"metadata": 1}`},
		{`"operation": "CREATE"`, `"operation": 7`},
		{`"securityContext": {}`, `"securityContext": {"supplementalGroups": ["x"], "sysctls": {"name": 1}}`},
		{`"namespace": "default"`, `"namespace": ["default"]`},
	} {
		f.Add(bytes.Replace(review, []byte(swap[0]), []byte(swap[1]), 1))
	}
	for _, text := range []string{`null`, `[]`, `{}`, `7`, `"x"`, `{"request": {}}`, `{"request": {"object": null}}`} {
		f.Add([]byte(text))
	}
	queries := mkeQueries(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		input, err := ast.ValueFromReader(bytes.NewReader(data))
		if err != nil {
			t.Skip(err)
		}
		for name, query := range queries {
			results, err := query.Eval(t.Context(), rego.EvalParsedInput(input))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(results) != 1 {
				t.Fatalf("%s: undefined", name)
			}
			if err := checkAnswer(name, results[0].Expressions[0].Value); err != nil {
				t.Fatalf("%s: %v: %v", name, err, results[0].Expressions[0].Value)
			}
		}
	})
}

func checkAnswer(entryPoint string, document any) error {
	answer, ok := document.(map[string]any)
	if !ok {
		return errors.New("no object")
	}
	if entryPoint == "data.psp.explain" {
		return nil
	}
	response, _ := answer["response"].(map[string]any)
	allowed, ok := response["allowed"].(bool)
	switch {
	case answer["kind"] != "AdmissionReview" || answer["apiVersion"] != "admission.k8s.io/v1":
		return errors.New("no AdmissionReview")
	case !ok:
		return errors.New("no verdict")
	}
	if status, _ := response["status"].(map[string]any); !allowed && status["message"] == nil {
		return errors.New("refused without a message")
	}
	return nil
}

// mkeQueries loads the bundle of the MKE scenario from disk, as OPA does, with all its entry points.
func mkeQueries(f *testing.F) map[string]rego.PreparedEvalQuery {
	f.Helper()
	folder := filepath.Join(f.TempDir(), "bundle")
	var stderr bytes.Buffer
	if status := run([]string{"translate", "-f", mkeFolder, "-o", folder}, nil, &stderr, &stderr); status != exitDone {
		f.Fatal(stderr.String())
	}
	queries := map[string]rego.PreparedEvalQuery{}
	for _, name := range []string{"data.psp.mutate", "data.psp.validate", "data.psp.explain", "data.system.main"} {
		query, err := rego.New(rego.Query(name), rego.LoadBundle(folder)).PrepareForEval(f.Context())
		if err != nil {
			f.Fatal(err)
		}
		queries[name] = query
	}
	return queries
}
