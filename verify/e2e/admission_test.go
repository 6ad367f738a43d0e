// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/processes"
)

const nothingGranted = "PodSecurityPolicy: unable to admit pod: []"

// TestTheTokenVolumeIsJudged is about what ServiceAccount admission puts into a pod before policies see it.
func TestTheTokenVolumeIsJudged(t *testing.T) {
	forJeff(t, grant("vera", "scratch", "volumes: [emptyDir]"))
	both(t, dry("vera", pod(`"name":"p"`, plainContainers)), expectation{kind: clusters.Denied,
		message: `PodSecurityPolicy: unable to admit pod: [spec.volumes[0]: Invalid value: "projected": projected volumes are not allowed to be used]`})
	both(t, dry("vera", pod(`"name":"p"`, `"automountServiceAccountToken":false,`+plainContainers)), expectation{kind: clusters.Admitted, policy: "scratch"})
}

// TestARuntimeClassThatAPolicyFillsIn is about the admission that follows the plugin: the class brings an overhead and a node selector.
func TestARuntimeClassThatAPolicyFillsIn(t *testing.T) {
	everywhere(t, "/apis/node.k8s.io/v1/runtimeclasses", `{"metadata":{"name":"sandboxed"},"handler":"runsc",
		"overhead":{"podFixed":{"memory":"64Mi"}},"scheduling":{"nodeSelector":{"sandbox":"yes"}}}`)
	everywhere(t, "/apis/scheduling.k8s.io/v1/priorityclasses", `{"metadata":{"name":"urgent"},"value":1000}`)
	forJeff(t, grant("ruth", "sandbox", "volumes: ['*'], runtimeClass: {allowedRuntimeClassNames: [sandboxed], defaultRuntimeClassName: sandboxed}"))
	call := dry("ruth", pod(`"name":"p"`, `"priorityClassName":"urgent",`+plainContainers))
	for _, side := range []*side{shared.old, shared.new} { // both classes are seen a moment later
		err := processes.Until(within(t), func(ctx context.Context) (bool, error) {
			answer, err := side.front.Do(ctx, &call)
			return err == nil && answer.Status == nil, err
		})
		if err != nil {
			t.Fatalf("%s: %v", side.Name, err)
		}
	}
	admitted := both(t, call, expectation{kind: clusters.Admitted, policy: "sandbox"})
	for _, text := range []string{`"overhead":{"memory":"64Mi"}`, `"nodeSelector":{"sandbox":"yes"}`, `"priority":1000`, `"runtimeClassName":"sandboxed"`} {
		if !bytes.Contains(admitted.Pod, []byte(text)) {
			t.Errorf("the pod has no %s: %s", text, admitted.Pod)
		}
	}
	other := pod(`"name":"p"`, `"runtimeClassName":"another",`+plainContainers)
	both(t, dry("ruth", other), expectation{ // there is no such class either, as the new one says first
		kind: clusters.Denied, message: `PodSecurityPolicy: unable to admit pod: [spec.runtimeClassName: Invalid value: "another"]`})
}

// TestRequestsThatPoliciesLeaveAlone follows one pod: what jeff, who may use a policy, and nobody, who may use none, can do to it.
func TestRequestsThatPoliciesLeaveAlone(t *testing.T) {
	forJeff(t)
	path := clusters.PodsPath("default") + "/followed"
	both(t, clusters.Call{Method: http.MethodPost, Path: clusters.PodsPath("default"), As: "jeff", Body: pod(`"name":"followed"`, plainContainers)},
		expectation{kind: clusters.Admitted, policy: "unprivileged"})
	patch := func(user, subresource, body string) clusters.Call {
		return clusters.Call{
			Method: http.MethodPatch, Path: path + subresource, As: user, ContentType: "application/strategic-merge-patch+json", Body: []byte(body),
		}
	}
	admitted := expectation{kind: clusters.Admitted, policy: "unprivileged"}
	both(t, patch("nobody", "", `{"metadata":{"labels":{"tier":"web"}}}`),
		expectation{kind: clusters.Denied, message: "PodSecurityPolicy: unable to validate pod: []"})
	both(t, patch("jeff", "", `{"metadata":{"labels":{"tier":"web"}}}`), admitted)
	both(t, patch("nobody", "", `{"metadata":{"finalizers":["example.com/hold"]}}`), admitted)
	both(t, patch("nobody", "", `{"metadata":{"finalizers":null}}`), admitted)
	both(t, patch("nobody", "/status", `{"status":{"phase":"Running"}}`), admitted)
	both(t, patch("jeff", "/ephemeralcontainers",
		`{"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox","securityContext":{"privileged":true}}]}}`), admitted)
	both(t, patch("jeff", "", `{"metadata":{"labels":{"tier":"db"}}}`), expectation{kind: clusters.Denied})
	for _, side := range []*side{shared.old, shared.new} {
		answer, err := side.front.Do(within(t), &clusters.Call{Method: http.MethodDelete, Path: path + "?gracePeriodSeconds=0", As: "nobody"})
		if err != nil || answer.Status != nil {
			t.Errorf("%s: nobody cannot delete the pod: %v %+v", side.Name, err, answer)
		}
	}
}

// TestPodsOfControllers creates pods as controllers do: under generated names, as their own service accounts. The pod's account counts, too.
func TestPodsOfControllers(t *testing.T) {
	binding := `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: unprivileged-builder, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: unprivileged-psp-role}
subjects: [{kind: ServiceAccount, name: builder, namespace: default}]
`
	forJeff(t, binding)
	for _, controller := range []string{"replicaset-controller", "daemon-set-controller", "statefulset-controller", "job-controller", "replication-controller"} {
		user := "system:serviceaccount:kube-system:" + controller
		both(t, dry(user, pod(`"generateName":"made-"`, `"serviceAccountName":"builder",`+plainContainers)),
			expectation{kind: clusters.Admitted, policy: "unprivileged"})
		both(t, dry(user, pod(`"generateName":"made-"`, plainContainers)), expectation{kind: clusters.Denied, message: nothingGranted})
	}
}

// TestPodsThatLookLikeAKubelets are judged as all others are.
func TestPodsThatLookLikeAKubelets(t *testing.T) {
	forJeff(t)
	mirror := `"name":"mirror","annotations":{"kubernetes.io/config.mirror":"digest"}`
	both(t, dry("nobody", pod(mirror, `"nodeName":"n1",`+plainContainers)), expectation{kind: clusters.Denied, message: nothingGranted})
	both(t, dry("jeff", pod(mirror, `"nodeName":"n1",`+plainContainers)), expectation{kind: clusters.Admitted, policy: "unprivileged"})
	both(t, dry("jeff", pod(mirror, `"nodeName":"n1","hostNetwork":true,`+plainContainers)), expectation{kind: clusters.Denied})
}

// TestWhatTheServersThemselvesDoDifferently is no matter of policies, and rare among generated requests.
func TestWhatTheServersThemselvesDoDifferently(t *testing.T) {
	forJeff(t, grant("guest", "host-processes", "hostPID: true, hostIPC: true, volumes: ['*']"))
	both(t, dry("jeff", pod(`"name":"p"`, `"terminationGracePeriodSeconds":-1,`+plainContainers)), expectation{kind: clusters.Admitted, policy: "unprivileged"})
	for _, spec := range []string{
		`"hostPID":true,"hostUsers":false`,
		`"hostIPC":true,"securityContext":{"sysctls":[{"name":"kernel.shm_rmid_forced","value":"0"}]}`,
		`"volumes":[{"name":"e","ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}}}]`,
	} {
		both(t, dry("guest", pod(`"name":"p"`, `"automountServiceAccountToken":false,`+spec+`,`+plainContainers)),
			expectation{kind: clusters.Admitted, policy: "host-processes"})
	}
}
