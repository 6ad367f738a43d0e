// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// template is a ConstraintTemplate of a kind, whose source stands in one of Gatekeeper's languages.
func template(kind, code string) string {
	return fmt.Sprintf(`---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: %s}
spec:
  crd: {spec: {names: {kind: %s}, validation: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
%s`, strings.ToLower(kind), kind, code)
}

// v1 is source in Rego v1.
func v1(rego string) string {
	return "    code:\n    - engine: Rego\n      source:\n        version: v1\n        rego: |\n" + indent(10, rego)
}

// v0 is source in the Rego before v1.
func v0(rego string) string { return "    rego: |\n" + indent(6, rego) }

// cel is one validation in CEL.
func cel(expression string) string {
	return "    code:\n    - engine: K8sNativeValidation\n      source: {validations: [{expression: '" + expression + "', message: 'no'}]}\n"
}

func indent(n int, text string) string {
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+pad) + "\n"
}

// constraint is a constraint of the kind, with more of its spec in YAML's flow style.
func constraint(kind, name, spec string) string {
	return fmt.Sprintf("---\n{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: %s, metadata: {name: %s}, spec: {%s}}\n", kind, name, spec)
}

// syncSet is a SyncSet of one kind, as GROUP/VERSION/KIND.
func syncSet(kind string) string {
	parts := strings.Split(kind, "/")
	return fmt.Sprintf("---\n{apiVersion: syncset.gatekeeper.sh/v1alpha1, kind: SyncSet, metadata: {name: s}, "+
		"spec: {gvks: [{group: %s, version: %s, kind: %s}]}}\n", parts[0], parts[1], parts[2])
}

// noHostPID is a template and a constraint that refuse pods which use the node's processes.
func noHostPID() string {
	return template("NoHostPID", v1(`
package nohostpid

violation contains {"msg": "no hostPID"} if input.review.object.spec.hostPID == true`)) + constraint("NoHostPID", "no-host-pid", "")
}

// folder writes files and gives their folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load has a new session judge by the manifests, in a cluster of the objects.
func load(t testing.TB, manifests string, objects ...string) (*session, answer) {
	t.Helper()
	s := &session{}
	cluster := map[string]any{"paths": []string{folder(t, map[string]string{"rules.yaml": manifests})}}
	if len(objects) > 0 {
		cluster["objects"] = raw(objects)
	}
	return s, ask(t, s, map[string]any{"id": 1, "op": "cluster", "cluster": cluster})
}

func raw(texts []string) []json.RawMessage {
	var all []json.RawMessage
	for _, text := range texts {
		all = append(all, json.RawMessage(text))
	}
	return all
}

func loaded(t testing.TB, manifests string, objects ...string) *session {
	t.Helper()
	s, a := load(t, manifests, objects...)
	if a.Error != nil {
		t.Fatal(a.Error)
	}
	return s
}

func ask(t testing.TB, s *session, line any) answer {
	t.Helper()
	data, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	return s.answer(data)
}

// review asks about the creation of a pod with the spec, changed as wanted.
func review(t testing.TB, s *session, spec string, changes ...map[string]any) answer {
	t.Helper()
	request := map[string]any{
		"operation": "CREATE", "namespace": "ns", "name": "p",
		"resource": map[string]any{"version": "v1", "resource": "pods"}, "kind": map[string]any{"version": "v1", "kind": "Pod"},
		"userInfo": map[string]any{"username": "jeff", "groups": []string{"devs"}},
		"object":   json.RawMessage(`{"metadata":{"name":"p"},"spec":` + spec + `}`),
	}
	for _, change := range changes {
		for key, value := range change {
			request[key] = value
		}
	}
	return ask(t, s, map[string]any{"id": 2, "op": "validate", "request": request})
}

// verdictOf is the answer in short: allowed, alone (when nothing was asked), or the message.
func verdictOf(t testing.TB, a answer) string {
	t.Helper()
	switch {
	case a.Error != nil:
		return a.Error.Kind + ": " + a.Error.Message
	case !a.Validate.Handled:
		return "alone"
	case a.Validate.Allowed:
		return "allowed"
	}
	return a.Validate.Message
}
