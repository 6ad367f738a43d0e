// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// assign is an Assign that writes a value where there is none, when a pod is created, with more of its spec in YAML's flow style.
func assign(name, location, value, more string) string {
	return fmt.Sprintf("---\n{apiVersion: mutations.gatekeeper.sh/v1, kind: Assign, metadata: {name: %s}, spec: {applyTo: [{groups: [''], versions: [v1], kinds: [Pod], operations: [CREATE]}], "+
		"location: '%s', parameters: {assign: {value: %s}, pathTests: [{subPath: '%s', condition: MustNotExist}]}%s}}\n", name, location, value, location, more)
}

// mutated is what the mutators leave of a pod with the spec: alone, the spec, or the message.
func mutated(t testing.TB, s *session, spec string, changes ...map[string]any) string {
	t.Helper()
	request := map[string]any{
		"operation": "CREATE", "namespace": "ns", "name": "p",
		"resource": map[string]any{"version": "v1", "resource": "pods"}, "kind": map[string]any{"version": "v1", "kind": "Pod"},
		"userInfo": map[string]any{"username": "jeff", "groups": []string{"devs"}},
		"object":   json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":` + spec + `}`),
	}
	for _, change := range changes {
		for key, value := range change {
			request[key] = value
		}
	}
	a := ask(t, s, map[string]any{"id": 2, "op": "mutate", "request": request})
	switch {
	case a.Error != nil:
		return a.Error.Kind + ": " + a.Error.Message
	case !a.Mutate.Handled && a.Mutate.Allowed && a.Mutate.Object == nil:
		return "alone"
	case !a.Mutate.Allowed:
		return a.Mutate.Message
	}
	pod := struct {
		APIVersion, Kind string
		Metadata         map[string]any
		Spec             json.RawMessage
	}{}
	if err := json.Unmarshal(a.Mutate.Object, &pod); err != nil {
		t.Fatal(err)
	}
	if pod.APIVersion != "v1" || pod.Kind != "Pod" || fmt.Sprint(pod.Metadata) != "map[name:p]" {
		t.Errorf("more than the spec is another one: %s", a.Mutate.Object)
	}
	return string(pod.Spec)
}

func TestMutatorsWriteWhatTheySay(t *testing.T) {
	s, a := load(t, noHostPID()+assign("a", "spec.securityContext.fsGroup", "2147483647", "")+assign("b", "spec.containers[name: *].securityContext.readOnlyRootFilesystem", "true", "")+
		assign("c", "spec.initContainers[name: *].securityContext.readOnlyRootFilesystem", "true", "")+assign("d", "spec.securityContext.seLinuxOptions", "{}", ""))
	if a.Error != nil || a.Mutators != 4 || len(a.Notes) > 0 {
		t.Fatalf("%+v", a)
	}
	for spec, want := range map[string]string{
		`{"containers":[{"name":"c"},{"name":"d","securityContext":{"readOnlyRootFilesystem":false}}]}`: `{"containers":[{"name":"c","securityContext":{"readOnlyRootFilesystem":true}},` +
			`{"name":"d","securityContext":{"readOnlyRootFilesystem":false}}],"securityContext":{"fsGroup":2147483647,"seLinuxOptions":{}}}`,
		`{"containers":[],"securityContext":{"fsGroup":0,"seLinuxOptions":{"level":"x"}}}`: `{"containers":[],"securityContext":{"fsGroup":0,"seLinuxOptions":{"level":"x"}}}`,
		`{"containers":null}`: "mutation 00000000-0000-0000-0000-000000000000 for mutator Assign.mutations.gatekeeper.sh /b failed for  Pod ns p: " +
			"mismatch between path entry (type: List) and received object (type: <nil>). Path: [name: *]",
	} {
		if got := mutated(t, s, spec); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", spec, got, want)
		}
	}
}

func TestWhatMutatorsAreFor(t *testing.T) {
	config := "---\n{apiVersion: config.gatekeeper.sh/v1alpha1, kind: Config, metadata: {name: config, namespace: gatekeeper-system}, " +
		"spec: {match: [{processes: [mutation-webhook], excludedNamespaces: [excluded]}, {processes: [webhook], excludedNamespaces: [unjudged]}]}}\n"
	s := loaded(t, noHostPID()+config+assign("a", "spec.securityContext.fsGroup", "5", ", match: {excludedNamespaces: [other, third]}"))
	const written = `{"securityContext":{"fsGroup":5}}`
	pod := json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}`)
	for name, tc := range map[string]struct {
		change map[string]any
		want   string
	}{
		"a creation":                 {nil, written},
		"an update":                  {map[string]any{"operation": "UPDATE", "oldObject": pod}, "alone"},
		"a deletion":                 {map[string]any{"operation": "DELETE"}, "alone"},
		"a namespace that is left":   {map[string]any{"namespace": "third"}, "alone"},
		"a namespace of the webhook": {map[string]any{"namespace": "unjudged"}, written},
		"a namespace of Config":      {map[string]any{"namespace": "excluded"}, "alone"},
		"Gatekeeper's namespace":     {map[string]any{"namespace": "gatekeeper-system"}, "alone"},
		"Gatekeeper's account":       {map[string]any{"userInfo": map[string]any{"username": "system:serviceaccount:gatekeeper-system:gatekeeper-admin"}}, "alone"},
		"a subresource":              {map[string]any{"subResource": "resize"}, "alone"},
		"another kind":               {map[string]any{"kind": map[string]any{"version": "v1", "kind": "Binding"}}, "alone"},
		"an object of no form":       {map[string]any{"object": json.RawMessage(`[]`)}, "decode: "},
	} {
		if got := mutated(t, s, `{}`, tc.change); got != tc.want && (!strings.HasSuffix(tc.want, ": ") || !strings.HasPrefix(got, tc.want)) {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// Every kind of mutator is Gatekeeper's own.
func TestEveryKindOfMutator(t *testing.T) {
	head := func(kind, more string) string {
		return fmt.Sprintf("---\n{apiVersion: mutations.gatekeeper.sh/v1, kind: %s, metadata: {name: a}, spec: {%s}}\n", kind, more)
	}
	applyTo := "applyTo: [{groups: [''], versions: [v1], kinds: [Pod]}], "
	for text, want := range map[string]string{
		head("ModifySet", applyTo+"location: 'spec.tolerations', parameters: {values: {fromList: [{key: a}]}}"):                                    `{"containers":[{"image":"i","name":"c"}],"tolerations":[{"key":"a"}]}`,
		head("AssignImage", applyTo+"location: 'spec.containers[name: *].image', parameters: {assignTag: ':v1'}") + assign("b", "spec.a", "b", ""): `{"a":"b","containers":[{"image":"i:v1","name":"c"}]}`,
		strings.Replace(head("AssignMetadata", "location: 'metadata.labels.a', parameters: {assign: {value: b}}"), "v1", "v1alpha1", 1):            "labels",
	} {
		s := loaded(t, noHostPID()+text)
		if want == "labels" {
			a := ask(t, s, map[string]any{"id": 1, "op": "mutate", "request": map[string]any{
				"operation": "CREATE", "namespace": "ns", "resource": map[string]any{"version": "v1", "resource": "pods"}, "kind": map[string]any{"version": "v1", "kind": "Pod"},
				"object": json.RawMessage(`{"spec":{}}`),
			}})
			if a.Error != nil || strings.TrimSpace(string(a.Mutate.Object)) != `{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"b"}},"spec":{}}` {
				t.Errorf("%+v %s", a, a.Mutate.Object)
			}
			continue
		}
		if got := mutated(t, s, `{"containers":[{"image":"i","name":"c"}]}`); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestMutatorsThatGatekeeperDoesNotTakeAreAFault(t *testing.T) {
	good := assign("a", "spec.a", "1", "")
	for name, tc := range map[string]struct{ manifests, want string }{
		"a long name":    {assign(strings.Repeat("a", 64), "spec.a", "1", ""), "maximum name length is 63 characters"},
		"metadata":       {assign("a", "metadata.labels.a", "1", ""), `Assign "a": assign a can't change metadata`},
		"no value":       {strings.Replace(good, "value: 1", "", 1), "assign must set one of"},
		"another prefix": {strings.Replace(good, "subPath: 'spec.a'", "subPath: 'spec.b'", 1), "all subpaths must be a prefix"},
		"unknown field":  {assign("a", "spec.a", "1", ", operations: [CREATE]"), `unknown field "spec.operations"`},
		"unknown verb":   {strings.Replace(good, "[CREATE]", "[DELETE]", 1), `invalid operation "DELETE"`},
		"twice":          {good + good, `Assign "a": appears twice`},
		"unknown kind":   {strings.Replace(good, "kind: Assign", "kind: Remove", 1), `Gatekeeper has no mutator of kind Remove`},
		"in conflict":    {good + assign("b", "spec.a.b", "1", "") + assign("c", "spec.a[name: x].b", "1", ""), `Assign "c": `},
	} {
		_, a := load(t, noHostPID()+tc.manifests)
		if a.Error == nil || a.Error.Kind != faultDecode || !strings.Contains(a.Error.Message, tc.want) {
			t.Errorf("%s: got %+v, want ...%s", name, a.Error, tc.want)
		}
	}
}
