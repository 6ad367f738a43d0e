// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

const hostPID = `{"hostPID":true}`

func TestEveryLanguageIsJudged(t *testing.T) {
	for name, code := range map[string]string{
		"Rego before v1": v0("package x\n\nviolation[{\"msg\": \"no\"}] { input.review.object.spec.hostPID }"),
		"Rego v1":        v1("package x\n\nviolation contains {\"msg\": \"no\"} if input.review.object.spec.hostPID"),
		"CEL":            cel("!has(object.spec.hostPID) || !object.spec.hostPID"),
	} {
		s := loaded(t, template("Any", code)+constraint("Any", "c", ""))
		for spec, want := range map[string]string{hostPID: "[c] no", `{}`: "allowed"} {
			if got := verdictOf(t, review(t, s, spec)); got != want {
				t.Errorf("%s, %s: %s, want %s", name, spec, got, want)
			}
		}
	}
}

// Only a violation of a constraint that denies at the webhook refuses; the messages are the webhook's.
func TestOnlyDenyingConstraintsRefuse(t *testing.T) {
	rules := template("Any", v1("package x\n\nviolation contains {\"msg\": \"no\"} if input.review.object.spec.hostPID"))
	for spec, want := range map[string]string{
		"":                          "[c] no",
		"enforcementAction: deny":   "[c] no",
		"enforcementAction: dryrun": "allowed",
		"enforcementAction: warn":   "allowed",
		`enforcementAction: scoped, scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: validation.gatekeeper.sh}]}]`: "[c] no",
		`enforcementAction: scoped, scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}]`:      "allowed",
		`enforcementAction: scoped, scopedEnforcementActions: [{action: warn, enforcementPoints: [{name: "*"}]}]`:                      "allowed",
		"match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}":                                                                   "allowed",
		"match: {namespaces: [n*]}":         "[c] no",
		"match: {excludedNamespaces: [ns]}": "allowed",
		"match: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns}}}": "[c] no",
		"match: {namespaceSelector: {matchLabels: {team: a}}}":                         "allowed",
	} {
		s, a := load(t, rules+constraint("Any", "c", spec))
		if got := verdictOf(t, review(t, s, hostPID)); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
		if noted := strings.Contains(strings.Join(a.Notes, ""), `Any "c" refuses nothing`); noted != (want == "allowed" && strings.Contains(spec, "enforcementAction")) {
			t.Errorf("%s: notes %q", spec, a.Notes)
		}
	}
	s := loaded(t, rules+constraint("Any", "b", "")+constraint("Any", "a", ""))
	if got := verdictOf(t, review(t, s, hostPID)); got != "[a] no\n[b] no" {
		t.Errorf("two constraints: %s", got)
	}
}

// What goes wrong while a template is evaluated refuses, as it does in the webhook.
func TestErrorsOnTheWayRefuse(t *testing.T) {
	for name, tc := range map[string]struct{ code, want string }{
		"conflict":           {"package x\n\nv := 1 if input.review\n\nv := 2 if input.review\n\nviolation contains {\"msg\": \"no\"} if v == 3", "[c] "},
		"message is no text": {"package x\n\nviolation contains {\"msg\": input.review.object.spec}", "error reviewing resource p: "},
	} {
		s := loaded(t, template("Any", v1(tc.code))+constraint("Any", "c", ""))
		a := review(t, s, `{}`)
		if a.Error != nil || a.Validate.Allowed || !strings.HasPrefix(a.Validate.Message, tc.want) {
			t.Errorf("%s: %s", name, verdictOf(t, a))
		}
	}
}

// The rules see what a webhook is sent: requester, operation, names, namespace, old object.
func TestRulesSeeTheRequest(t *testing.T) {
	rules := template("Any", v1("package x\n\nviolation contains {\"msg\": json.marshal(object.remove(input.review, [\"uid\"]))}")) +
		constraint("Any", "c", "")
	s := loaded(t, rules, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ns","labels":{"team":"a"}}}`)
	a := review(t, s, hostPID, map[string]any{"operation": "UPDATE", "oldObject": json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}`)})
	got := map[string]any{}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(a.Validate.Message, "[c] ")), &got); err != nil {
		t.Fatal(err, a.Validate.Message)
	}
	want := map[string]any{}
	text := `{"operation":"UPDATE","namespace":"ns","name":"p","dryRun":false,
		"kind":{"group":"","version":"v1","kind":"Pod"},"requestKind":{"group":"","version":"v1","kind":"Pod"},
		"resource":{"group":"","version":"v1","resource":"pods"},"requestResource":{"group":"","version":"v1","resource":"pods"},
		"userInfo":{"username":"jeff","groups":["devs"]},"options":{"apiVersion":"meta.k8s.io/v1","kind":"UpdateOptions"},
		"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"hostPID":true}},
		"oldObject":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}},
		"namespaceObject":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ns","labels":{"kubernetes.io/metadata.name":"ns","team":"a"}},"spec":{},"status":{}}}`
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Requests that the stock webhook is not sent, or lets pass by itself, do not reach the constraints.
func TestWhatDoesNotReachTheConstraints(t *testing.T) {
	config := "---\n{apiVersion: config.gatekeeper.sh/v1alpha1, kind: Config, metadata: {name: config, namespace: gatekeeper-system}, " +
		"spec: {match: [{processes: [webhook], excludedNamespaces: [excluded-*]}, {processes: [audit], excludedNamespaces: [audited]}]}}\n"
	s := loaded(t, noHostPID()+config, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ignored","labels":{"admission.gatekeeper.sh/ignore":"yes"}}}`)
	pods := map[string]any{"version": "v1", "resource": "pods"}
	for name, tc := range map[string]struct {
		change map[string]any
		want   string
	}{
		"creation":             {map[string]any{}, "[no-host-pid] no hostPID"},
		"deletion":             {map[string]any{"operation": "DELETE"}, "alone"},
		"connection":           {map[string]any{"operation": "CONNECT", "subResource": "exec"}, "alone"},
		"status":               {map[string]any{"subResource": "status"}, "alone"},
		"ephemeral containers": {map[string]any{"resource": pods, "subResource": "ephemeralcontainers"}, "[no-host-pid] no hostPID"},
		"excluded namespace":   {map[string]any{"namespace": "excluded-a"}, "alone"},
		"audited namespace":    {map[string]any{"namespace": "audited"}, "[no-host-pid] no hostPID"},
		"ignored namespace":    {map[string]any{"namespace": "ignored"}, "alone"},
		"its own namespace":    {map[string]any{"namespace": "gatekeeper-system"}, "alone"},
		"its own account":      {map[string]any{"userInfo": map[string]any{"username": "system:serviceaccount:gatekeeper-system:gatekeeper-admin"}}, "alone"},
	} {
		if got := verdictOf(t, review(t, s, hostPID, tc.change)); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// The object is of the request's kind, whatever it says of itself.
func TestObjectsAreOfTheKindOfTheRequest(t *testing.T) {
	rules := template("Any", v1("package x\n\nviolation contains {\"msg\": input.review.object.kind}")) +
		constraint("Any", "c", "match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}")
	s := loaded(t, rules)
	deployment := map[string]any{
		"resource": map[string]any{"group": "apps", "version": "v1", "resource": "deployments"},
		"kind":     map[string]any{"group": "apps", "version": "v1", "kind": "Deployment"},
		"object":   json.RawMessage(`{"apiVersion":"v1","kind":"Pod","big":9007199254740993}`),
	}
	if got := verdictOf(t, review(t, s, `{}`, deployment)); got != "[c] Deployment" {
		t.Errorf("deployment: %s", got)
	}
	if got := verdictOf(t, review(t, s, `{}`)); got != "allowed" {
		t.Errorf("pod: %s", got)
	}
}

// A session holds what its cluster needs, over any number of lines and clusters.
func TestMemoryIsBounded(t *testing.T) {
	s := loaded(t, noHostPID())
	line := map[string]any{"id": 1, "op": "cluster", "cluster": map[string]any{"paths": []string{folder(t, map[string]string{"r.yaml": noHostPID()})}}}
	heap := func(rounds int) uint64 {
		for range rounds {
			if a := ask(t, s, line); a.Error != nil {
				t.Fatal(a.Error)
			}
			for i := range 50 {
				review(t, s, fmt.Sprintf(`{"hostPID":true,"nodeName":"%d-%d"}`, rounds, i))
			}
		}
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := heap(5)
	if after := heap(40); after > before+before/4 {
		t.Errorf("the heap grows from %d to %d bytes", before, after)
	}
}

// Details are of use only where it is plain whose they are.
func TestDetailsOfOneViolation(t *testing.T) {
	rules := template("Any", v1("package x\n\nviolation contains {\"msg\": \"no\", \"details\": {\"why\": 1}} if input.review.object.spec.hostPID"))
	one := review(t, loaded(t, rules+constraint("Any", "c", "")), hostPID)
	if got := fmt.Sprint(one.Validate.Details); got != "map[why:1]" {
		t.Errorf("one violation: %s", got)
	}
	s := loaded(t, rules+constraint("Any", "c", "")+constraint("Any", "d", ""))
	if got := review(t, s, hostPID).Validate.Details; got != nil {
		t.Errorf("two violations: %v", got)
	}
	if got := review(t, s, `{}`).Validate.Details; got != nil {
		t.Errorf("no violation: %v", got)
	}
}
