// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"testing"
)

// threePolicies are restrictive; only the last admits benchPod, and changes it.
const threePolicies = `
a-none: {privileged: false, volumes: [secret], hostNetwork: false, hostPID: false, hostIPC: false, hostPorts: [], runAsUser: {rule: MustRunAsNonRoot}, requiredDropCapabilities: [ALL]}
b-ranges: {privileged: false, volumes: ['*'], readOnlyRootFilesystem: true, runAsUser: {rule: MustRunAs, ranges: [{min: 1, max: 9}]}, fsGroup: {rule: MustRunAs, ranges: [{min: 1, max: 9}]}}
c-last: {privileged: false, allowPrivilegeEscalation: false, volumes: [projected, emptyDir, configMap], runAsUser: {rule: MustRunAsNonRoot}, fsGroup: {rule: MayRunAs, ranges: [{min: 1, max: 2000}]}}
`

const benchPod = `
object:
  metadata: {name: web, labels: {app: web}}
  spec:
    securityContext: {fsGroup: 2000}
    volumes: [{name: cache, emptyDir: {}}, {name: config, configMap: {name: web}}]
    initContainers:
    - {name: init, image: 'registry.example/init:1', command: [sh, -c, 'true'], securityContext: {runAsUser: 1000}, volumeMounts: [{name: cache, mountPath: /cache}]}
    containers:
    - {name: web, image: 'registry.example/web:1', ports: [{containerPort: 8080}], securityContext: {runAsUser: 1000, runAsNonRoot: true, capabilities: {drop: [NET_RAW]}}, resources: {limits: {memory: 1Gi}}, volumeMounts: [{name: cache, mountPath: /cache}]}
    - {name: log, image: 'registry.example/log:1', securityContext: {runAsUser: 1001}, env: [{name: A, value: b}], volumeMounts: [{name: config, mountPath: /config, readOnly: true}]}
`

func benchSession(b testing.TB) *session {
	b.Helper()
	s, err := newSession()
	if err != nil {
		b.Fatal(err)
	}
	objects := append(policies(b, threePolicies), manifests(b, everyoneUsesAll)...)
	reply := s.answer([]byte(mustJSON(b, map[string]any{"id": 1, "op": "cluster", "cluster": map[string]any{"objects": objects}})))
	if reply.Error != nil {
		b.Fatal(reply.Error)
	}
	return s
}

func benchLine(b testing.TB, op, overrides string) []byte {
	b.Helper()
	body := map[string]any{}
	mustYAML(b, podRequestYAML(b, overrides), &body)
	body["id"], body["op"] = 2, op
	return []byte(mustJSON(b, body))
}

func benchmarkOp(b *testing.B, op string) {
	s, line := benchSession(b), benchLine(b, op, benchPod)
	out := &answerWriter{out: bufio.NewWriter(io.Discard)}
	b.ReportAllocs()
	for b.Loop() {
		reply := s.answer(line)
		if reply.Error != nil {
			b.Fatal(reply.Error)
		}
		if err := out.writeAnswer(reply); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkReview(b *testing.B)   { benchmarkOp(b, "review") }
func BenchmarkPrepare(b *testing.B)  { benchmarkOp(b, "prepare") }
func BenchmarkAdmit(b *testing.B)    { benchmarkOp(b, "admit") }
func BenchmarkValidate(b *testing.B) { benchmarkOp(b, "validate") }

func BenchmarkCluster(b *testing.B) {
	s := benchSession(b)
	objects := append(policies(b, threePolicies), manifests(b, everyoneUsesAll)...)
	line := []byte(mustJSON(b, map[string]any{"id": 1, "op": "cluster", "cluster": map[string]any{"objects": objects}}))
	b.ReportAllocs()
	for b.Loop() {
		if reply := s.answer(line); reply.Error != nil {
			b.Fatal(reply.Error)
		}
	}
}
