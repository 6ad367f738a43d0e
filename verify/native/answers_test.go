// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A review in full: what each part of the answer holds.
func TestReview(t *testing.T) {
	e := start(t)
	e.setCluster("kubernetes", append(policies(t, `{a: {readOnlyRootFilesystem: true}}`), manifests(t, everyoneUsesAll)...))
	r := e.ask("review", podRequestYAML(t, `
serviceAccountPlugin: false
object:
  metadata: {generateName: web-, annotations: {seccomp.security.alpha.kubernetes.io/pod: runtime/default}}
  status: {phase: Running}
  spec: {serviceAccountName: s}
`))
	if !r.Admit.Handled || !r.Admit.Allowed || r.Admit.Policy != "a" || r.Admit.Message != "" {
		t.Errorf("admit: %+v", r.Admit)
	}
	audit := map[string]string{"podsecuritypolicy.policy.k8s.io/admit-policy": "a"}
	if diff := cmp.Diff(audit, r.Admit.AuditAnnotations); diff != "" {
		t.Errorf("admit's audit annotations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"spec.containers[0].securityContext.readOnlyRootFilesystem=true",
	}, changes(r.Request["object"].(map[string]any), r.Admit.Object)); diff != "" {
		t.Errorf("admit's changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"metadata.name=web-00000",
		"spec.securityContext.seccompProfile.type=RuntimeDefault",
		"status.phase=Pending",
		"status.qosClass=BestEffort",
	}, changes(r.Admit.Object, r.Created.Object)); diff != "" {
		t.Errorf("the strategy's changes (-want +got):\n%s", diff)
	}
	if r.Created.Errors == nil || len(r.Created.Errors) != 0 {
		t.Errorf("created.errors: %#v", r.Created.Errors)
	}
	audit = map[string]string{"podsecuritypolicy.policy.k8s.io/validate-policy": "a"}
	if diff := cmp.Diff(audit, r.Validate.AuditAnnotations); diff != "" {
		t.Errorf("validate's audit annotations (-want +got):\n%s", diff)
	}
	if r.Validate.Object != nil {
		t.Errorf("validate has an object: %v", r.Validate.Object)
	}
}

// The operations one by one give what review gives at once.
func TestSingleOperationsAgreeWithReview(t *testing.T) {
	e := start(t)
	e.setCluster("kubernetes", append(policies(t, threePolicies), manifests(t, everyoneUsesAll)...))
	review := e.ask("review", podRequestYAML(t, benchPod))
	request := prepared(t, e, benchPod)
	if diff := cmp.Diff(review.Request, request); diff != "" {
		t.Errorf("prepare (-review +single):\n%s", diff)
	}
	admit := e.ask("admit", mustJSON(t, map[string]any{"request": request}))
	if diff := cmp.Diff(review.Admit, admit.Admit); diff != "" {
		t.Errorf("admit (-review +single):\n%s", diff)
	}
	request["object"] = review.Created.Object
	validate := e.ask("validate", mustJSON(t, map[string]any{"request": request}))
	if diff := cmp.Diff(review.Validate, validate.Validate); diff != "" {
		t.Errorf("validate (-review +single):\n%s", diff)
	}
}

// Old API versions of policies decode to the same, with the same defaults; and what an API
// server would refuse to store is judged all the same.
func TestPoliciesInEveryVersionAndShape(t *testing.T) {
	e := start(t)
	for _, tc := range []struct{ name, version, spec, want string }{
		{"privilege escalation is allowed by default", "policy/v1beta1", ``, "a"},
		{"in the old group too", "extensions/v1beta1", ``, "a"},
		{"false stays false", "extensions/v1beta1", `, allowPrivilegeEscalation: false`, "a sets spec.containers[0].securityContext.allowPrivilegeEscalation=false"},
		{"a policy that API validation refuses is used", "policy/v1beta1", `, hostPorts: [{min: 9, max: 1}], allowedHostPaths: [{pathPrefix: '../x'}]`, "a"},
		{"a policy with a namespace is cluster-wide", "policy/v1beta1\nmetadata: {name: a, namespace: x}", ``, "a"},
	} {
		metadata := "\nmetadata: {name: a}"
		if strings.Contains(tc.version, "metadata") {
			metadata = ""
		}
		policy := "kind: PodSecurityPolicy\napiVersion: " + tc.version + metadata + `
spec: {volumes: ['*'], runAsUser: {rule: RunAsAny}, seLinux: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}` + tc.spec + `}`
		e.setCluster("", append(manifests(t, policy), manifests(t, everyoneUsesAll)...))
		got, _, _ := strings.Cut(outcome(e.ask("review", podRequestYAML(t, ``))), "\n")
		if got != "admit: "+tc.want {
			t.Errorf("%s: %s", tc.name, got)
		}
	}
}

// Equal lines have equal answers, in one process and from one to the next. (The order of
// several policies' reasons in a refusal is random upstream and not part of this.)
func TestAnswersAreDeterministic(t *testing.T) {
	script := []struct{ op, fields string }{
		{"review", podRequestYAML(t, benchPod)},
		{"review", podRequestYAML(t, `object: {metadata: {generateName: x-}, spec: {containers: [{name: c, image: i, securityContext: {privileged: true, allowPrivilegeEscalation: false}}]}}`)},
		{"review", podRequestYAML(t, `{operation: UPDATE, object: {spec: {nodeName: node1}}, oldObject: {metadata: {name: p, labels: {a: b}}, spec: {hostPID: true}}}`)},
		{"prepare", podRequestYAML(t, ``)},
	}
	answers := func() string {
		e := start(t)
		e.setCluster("", append(policies(t, `{a: {privileged: false}}`), manifests(t, everyoneUsesAll)...))
		var all []string
		for range 3 {
			for i, step := range script {
				all = append(all, e.raw(fmt.Sprintf(`{"id":%d,"op":%q,%s`, i, step.op, step.fields[1:])))
			}
		}
		if diff := cmp.Diff(all[:len(script)], all[len(script):2*len(script)]); diff != "" {
			t.Errorf("first and second time (-first +second):\n%s", diff)
		}
		return strings.Join(all, "\n")
	}
	if diff := cmp.Diff(answers(), answers()); diff != "" {
		t.Errorf("first and second process (-first +second):\n%s", diff)
	}
}

// What a request leaves behind would be a gigabyte after a million of them.
func TestMemoryDoesNotGrowWithRequests(t *testing.T) {
	s := benchSession(t)
	answer := func(from, to int) {
		for i := from; i < to; i++ {
			line := fmt.Appendf(nil, `{"id":%d,"op":"review","request":{"operation":"CREATE","namespace":"ns%d","resource":{"group":"","version":"v1","resource":"pods"},`+
				`"userInfo":{"username":"u%d","groups":[]},"object":{"metadata":{"generateName":"p%d-"},"spec":{"serviceAccountName":"s%d","containers":[{"name":"c%d","image":"i%d"}]}}}}`, i, i, i, i, i, i, i)
			if reply := s.answer(line); reply.Error != nil || reply.Created == nil {
				t.Fatalf("%+v", reply)
			}
		}
	}
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	answer(0, 1000)
	before := heap()
	answer(1000, 9000)
	if grown := heap() - before; grown > 512<<10 {
		t.Errorf("heap grew by %d bytes in 8000 requests", grown)
	}
}
