// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// restrictive are three policies like Kubernetes' own restricted one, of which the last alone allows emptyDir, and whoever is authenticated may use them.
func restrictive() []string {
	var objects []string
	for name, further := range map[string]string{"a": "", "b": "", "restricted": `"emptyDir",`} {
		objects = append(objects, fmt.Sprintf(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":%q,"annotations":{
			"seccomp.security.alpha.kubernetes.io/allowedProfileNames":"docker/default,runtime/default",
			"seccomp.security.alpha.kubernetes.io/defaultProfileName":"runtime/default"}},
			"spec":{"allowPrivilegeEscalation":false,"requiredDropCapabilities":["ALL"],
			"volumes":[%s"configMap","projected","secret","downwardAPI","persistentVolumeClaim"],
			"runAsUser":{"rule":"MustRunAsNonRoot"},"seLinux":{"rule":"RunAsAny"},
			"supplementalGroups":{"rule":"MustRunAs","ranges":[{"min":1,"max":65535}]},"fsGroup":{"rule":"MustRunAs","ranges":[{"min":1,"max":65535}]}}}`,
			name, further))
	}
	return append(objects,
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"use"},"rules":[
			{"verbs":["use"],"apiGroups":["policy"],"resources":["podsecuritypolicies"],"resourceNames":["a","b","restricted"]}]}`,
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"everybody"},
			"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"use"},
			"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"system:authenticated"}]}`)
}

// allowedPod is a pod of two containers as an API server sends it, with the defaults of the policies.
const allowedPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default","labels":{"app":"x"},
	"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"runtime/default"}},"spec":{
	"volumes":[{"name":"data","emptyDir":{}},{"name":"kube-api-access-x","projected":{"sources":[
	{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
	{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
	{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],
	"containers":[{"name":"a","image":"nginx","ports":[{"containerPort":80,"protocol":"TCP"}],"resources":{},
	"volumeMounts":[{"name":"data","mountPath":"/d"}],"terminationMessagePath":"/dev/termination-log","imagePullPolicy":"Always",
	"securityContext":{"runAsUser":1000,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL","KILL"]}}},
	{"name":"b","image":"nginx","resources":{},"imagePullPolicy":"Always",
	"securityContext":{"runAsNonRoot":true,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}],"restartPolicy":"Always",
	"serviceAccountName":"default","serviceAccount":"default","securityContext":{"fsGroup":1,"supplementalGroups":[1]},"schedulerName":"default-scheduler"}}`

// refusedPod is refused by each of the policies, for several reasons.
func refusedPod() string {
	return strings.NewReplacer(`"spec":{`, `"spec":{"hostNetwork":true,"hostPID":true,`, `"emptyDir":{}`, `"hostPath":{"path":"/"}`,
		`"runAsNonRoot":true,"allowPrivilegeEscalation":false`, `"runAsUser":0,"privileged":true`).Replace(allowedPod)
}

// benchmarkReview has Gatekeeper's client review the creation of a pod.
func benchmarkReview(b *testing.B, s *session, pod string, allowed bool) {
	b.Helper()
	line, err := json.Marshal(map[string]any{
		"operation": "CREATE", "namespace": "default", "name": "p",
		"resource": map[string]any{"version": "v1", "resource": "pods"}, "kind": map[string]any{"version": "v1", "kind": "Pod"},
		"userInfo": map[string]any{"username": "jeff", "groups": []string{"system:authenticated"}}, "object": json.RawMessage(pod),
	})
	if err != nil {
		b.Fatal(err)
	}
	q := &request{}
	if err := json.Unmarshal(line, q); err != nil {
		b.Fatal(err)
	}
	runtime.GC() // what loading left behind is not the review's
	measure(b, func() {
		if v, err := s.rules.validate(b.Context(), q); err != nil || v.Allowed != allowed {
			b.Fatal(err, v)
		}
	})
}

// measure reports, beside the time by the clock, the CPU time that the process took for one call, its garbage collector's included,
// and the shortest time: other work on the machine disturbs these less.
func measure(b *testing.B, call func()) {
	b.Helper()
	b.ReportAllocs()
	shortest, before := time.Hour, cpuTime(b)
	for b.Loop() {
		start := time.Now()
		call()
		shortest = min(shortest, time.Since(start))
	}
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(shortest.Nanoseconds()), "shortest-ns")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	usage := syscall.Rusage{}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkReview is a review by three restrictive policies that may be used, of which the last one accepts the pod, or none does.
func BenchmarkReview(b *testing.B) {
	for _, rbac := range []string{"snapshot", "live"} {
		s := emitted(b, translate(b, cluster(restrictive()), "--rbac", rbac), restrictive()...)
		b.Run(rbac+"/allowed", func(b *testing.B) { benchmarkReview(b, s, allowedPod, true) })
		b.Run(rbac+"/refused", func(b *testing.B) { benchmarkReview(b, s, refusedPod(), false) })
	}
}

// BenchmarkGrants shows what grants to others cost a review: those that are written down, and bindings that are read.
func BenchmarkGrants(b *testing.B) {
	for _, rbac := range []string{"snapshot", "live"} {
		for _, n := range []int{10, 100, 1000, 10_000} {
			objects := append(restrictive(), bindings(n)...)
			s := emitted(b, translate(b, cluster(objects), "--rbac", rbac), objects...)
			b.Run(fmt.Sprintf("%s/%d", rbac, n), func(b *testing.B) { benchmarkReview(b, s, allowedPod, true) })
		}
	}
}

// BenchmarkAddTemplate has Gatekeeper's client take a template with the grants of so many bindings; each time it is a new client.
func BenchmarkAddTemplate(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		folder := translate(b, cluster(append(restrictive(), bindings(n)...)))
		manifests, _, err := readManifests([]string{filepath.Join(folder, "template.yaml")})
		if err != nil {
			b.Fatal(err)
		}
		template, err := toTemplate(manifests[0].Unstructured)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			measure(b, func() {
				c, err := newClient()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.AddTemplate(b.Context(), template); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// cluster is a list of the objects.
func cluster(objects []string) string {
	return `{"apiVersion":"v1","kind":"List","items":[` + strings.Join(objects, ",") + `]}`
}
