// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/compare"
)

// forJeff is the state of most tests: jeff may use unprivileged, nobody may use anything, and administrators everything.
func forJeff(t testing.TB, further ...string) {
	t.Helper()
	var objects []json.RawMessage
	for _, name := range []string{"base/policies.yaml", "base/roles.yaml", "page/unprivileged-jeff.yaml"} {
		objects = append(objects, readObjects(t, filepath.Join(scenario, name))...)
	}
	for i, text := range further {
		name := filepath.Join(t.TempDir(), fmt.Sprintf("%d.yaml", i))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, readObjects(t, name)...)
	}
	if refused := shared.hold(t, "kubernetes", objects); len(refused) > 0 {
		t.Fatalf("1.24 refuses %v", refused)
	}
}

// grant is a policy, and the role and binding that let a user use it in namespace default.
func grant(user, policy, spec string) string {
	return fmt.Sprintf(`apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: %[2]s}
spec: {runAsUser: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}, seLinux: {rule: RunAsAny}, %[3]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: %[2]s, namespace: default}
rules: [{apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [%[2]s], verbs: [use]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: %[2]s, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %[2]s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[1]s}]
`, user, policy, spec)
}

// pod is the JSON of a pod with these members of metadata and spec.
func pod(metadata, spec string) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Pod","metadata":{%s},"spec":{%s}}`, metadata, spec)
}

const plainContainers = `"containers":[{"name":"c","image":"nginx"}]`

// expectation is what both clusters are to say.
type expectation struct {
	kind    clusters.Kind
	policy  string // of an admitted pod
	message string // of a refused one; "" is any
}

// both makes a call on both clusters, wants the same answer of both, and gives it as the new one said it.
func both(t *testing.T, call clusters.Call, want expectation) *clusters.Outcome {
	t.Helper()
	var outcomes [2]clusters.Outcome
	for i, side := range []*side{shared.old, shared.new} {
		answer, err := side.front.Do(within(t), &call)
		if err != nil {
			t.Fatal(err)
		}
		outcomes[i] = clusters.OutcomeOf(answer)
	}
	before, after := &outcomes[0], &outcomes[1]
	if before.Kind != want.kind || before.Policy != want.policy || want.message != "" && before.Message != want.message {
		t.Errorf("%s %s as %s: the old cluster says %s %q %s", call.Method, call.Path, call.As, before.Kind, before.Policy, before.Message)
	}
	result, err := compare.Outcomes(before, after)
	if err != nil {
		t.Fatal(err)
	}
	seen(result.Known)
	if result.Divergence != "" {
		t.Errorf("%s %s as %s: old and new differ: %s", call.Method, call.Path, call.As, result.Divergence)
	}
	return after
}

// dry creates a pod in namespace default by a dry run.
func dry(user string, body []byte) clusters.Call {
	return clusters.Call{Method: http.MethodPost, Path: clusters.PodsPath("default"), As: user, DryRun: true, Body: body}
}

// everywhere creates an object that decides nothing about pods on both clusters.
func everywhere(t *testing.T, collection, object string) {
	t.Helper()
	for _, side := range []*side{shared.old, shared.new} {
		if err := side.back.Ensure(within(t), collection, json.RawMessage(object)); err != nil {
			t.Fatal(err)
		}
	}
}
