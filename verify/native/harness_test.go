// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// evaluator is a running evaluator at the other end of two pipes.
type evaluator struct {
	t       testing.TB
	in      *io.PipeWriter
	out     *bufio.Reader
	ended   chan error
	greeted string
	lastID  int64
}

// start runs an evaluator until the end of the test, which also checks that it ends
// without an error when its input ends.
func start(t testing.TB) *evaluator {
	t.Helper()
	session, err := newSession()
	if err != nil {
		t.Fatal(err)
	}
	return startSession(t, session)
}

func startSession(t testing.TB, s *session) *evaluator {
	t.Helper()
	requests, in := io.Pipe()
	out, answers := io.Pipe()
	e := &evaluator{t: t, in: in, out: bufio.NewReader(out), ended: make(chan error, 1)}
	go func() {
		err := serveSession(s, requests, answers)
		_ = answers.CloseWithError(io.EOF)
		e.ended <- err
	}()
	e.greeted = e.read()
	t.Cleanup(func() {
		_ = in.Close()
		if err := <-e.ended; err != nil {
			t.Errorf("evaluator ended with: %v", err)
		}
	})
	return e
}

func (e *evaluator) read() string {
	e.t.Helper()
	line, err := e.out.ReadString('\n')
	if err != nil {
		e.t.Fatalf("reading an answer: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// raw sends one line and returns the answer line.
func (e *evaluator) raw(line string) string {
	e.t.Helper()
	if _, err := io.WriteString(e.in, line+"\n"); err != nil {
		e.t.Fatal(err)
	}
	return e.read()
}

// reply is an answer as a client sees it.
type reply struct {
	ID      int64
	Request map[string]any
	Admit   *replyVerdict
	Created *struct {
		Object map[string]any
		Errors []string
	}
	Validate *replyVerdict
	Error    *fault
}

type replyVerdict struct {
	Handled, Allowed bool
	Policy, Message  string
	Object           map[string]any
	AuditAnnotations map[string]string
}

// ask sends an operation whose fields are given as YAML and returns the answer.
func (e *evaluator) ask(op, fields string) reply {
	e.t.Helper()
	e.lastID++
	var body map[string]any
	if err := yaml.Unmarshal([]byte(fields), &body); err != nil {
		e.t.Fatalf("%v in:\n%s", err, fields)
	}
	body["id"], body["op"] = e.lastID, op
	var r reply
	if err := json.Unmarshal([]byte(e.raw(mustJSON(e.t, body))), &r); err != nil {
		e.t.Fatal(err)
	}
	if r.ID != e.lastID {
		e.t.Fatalf("answer has id %d, want %d", r.ID, e.lastID)
	}
	return r
}

// setCluster sets a cluster and fails the test if it is refused.
func (e *evaluator) setCluster(dialect string, objects []any) {
	e.t.Helper()
	r := e.ask("cluster", mustJSON(e.t, map[string]any{"cluster": map[string]any{"dialect": dialect, "objects": objects}}))
	if r.Error != nil {
		e.t.Fatalf("cluster: %s: %s", r.Error.Kind, r.Error.Message)
	}
}

func mustJSON(t testing.TB, value any) string {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// laxSpec allows everything and changes nothing.
const laxSpec = `
privileged: true
allowedCapabilities: ['*']
volumes: ['*']
hostNetwork: true
hostPID: true
hostIPC: true
hostPorts: [{min: 0, max: 65535}]
allowedUnsafeSysctls: ['*']
allowedProcMountTypes: [Default, Unmasked]
runAsUser: {rule: RunAsAny}
seLinux: {rule: RunAsAny}
fsGroup: {rule: RunAsAny}
supplementalGroups: {rule: RunAsAny}
`

// policies makes a PodSecurityPolicy for each entry of a YAML object: what is given
// replaces fields of laxSpec, and null removes them.
func policies(t testing.TB, fragments string) []any {
	t.Helper()
	var named map[string]map[string]any
	mustYAML(t, fragments, &named)
	var objects []any
	for name, fragment := range named {
		spec := map[string]any{}
		mustYAML(t, laxSpec, &spec)
		maps.Copy(spec, fragment)
		objects = append(objects, map[string]any{
			"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy",
			"metadata": map[string]any{"name": name, "annotations": map[string]any{
				"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*",
			}},
			"spec": spec,
		})
	}
	return objects
}

// manifests decodes a YAML stream.
func manifests(t testing.TB, stream string) []any {
	t.Helper()
	var objects []any
	for document := range strings.SplitSeq(stream, "\n---\n") {
		var object map[string]any
		mustYAML(t, document, &object)
		objects = append(objects, object)
	}
	return objects
}

// everyoneUsesAll grants the use of all policies to system:authenticated.
const everyoneUsesAll = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: psp-all}
rules: [{verbs: [use], apiGroups: [policy], resources: [podsecuritypolicies]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: psp-all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: psp-all}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:authenticated'}]
`

func mustYAML(t testing.TB, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
}

// podRequestYAML is a request about a pod by jeff, with the given fields put over it.
func podRequestYAML(t testing.TB, overrides string) string {
	t.Helper()
	body := map[string]any{
		"operation": "CREATE", "namespace": "ns",
		"resource": map[string]any{"group": "", "version": "v1", "resource": "pods"},
		"kind":     map[string]any{"group": "", "version": "v1", "kind": "Pod"},
		"userInfo": map[string]any{"username": "jeff", "groups": []string{"system:authenticated"}},
		"object":   map[string]any{},
	}
	fields := map[string]any{}
	mustYAML(t, overrides, &fields)
	maps.Copy(body, fields)
	for _, key := range []string{"object", "oldObject"} {
		if pod, ok := body[key].(map[string]any); ok && !strings.Contains(fmt.Sprint(body["resource"]), "services") {
			body[key] = completePod(pod)
		}
	}
	return mustJSON(t, map[string]any{"request": body})
}

// completePod gives a pod a name and a container c unless it has its own.
func completePod(pod map[string]any) map[string]any {
	metadata, _ := pod["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	if metadata["generateName"] == nil && metadata["name"] == nil {
		metadata["name"] = "p"
	}
	spec, _ := pod["spec"].(map[string]any)
	if spec == nil {
		spec = map[string]any{}
	}
	if spec["containers"] == nil {
		spec["containers"] = []any{map[string]any{"name": "c", "image": "i"}}
	}
	pod["metadata"], pod["spec"] = metadata, spec
	return pod
}
