// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

// Aggregated ClusterRoles without rules get what the controller would fill in; rules that
// are there stay.
func TestAggregatedClusterRoles(t *testing.T) {
	const part = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: part, labels: {to: middle}}
rules: [{verbs: [use], apiGroups: [policy], resources: [podsecuritypolicies]}]
---
`
	const middle = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: middle, labels: {to: use}}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: middle}}]}
---
`
	use := func(rules, selector string) string {
		return `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: use, labels: {to: middle}}
aggregationRule: {clusterRoleSelectors: [` + selector + `]}
rules: [` + rules + `]
---
`
	}
	jeff := clusterBinding(`{kind: User, name: jeff}`)
	scenarios := []scenario{
		{name: "selectors that match nothing grant nothing", rbac: part + use("", "{matchLabels: {to: nobody}}") + jeff, want: notGranted},
		{name: "the rules of matching roles are used", rbac: part + use("", "{matchLabels: {to: middle}}") + jeff, want: granted},
		{name: "an empty selector matches every role", rbac: part + use("", "{}") + jeff, want: granted},
		{name: "chains converge, cycles included", rbac: use("", "{matchLabels: {to: use}}") + middle + part + jeff, want: granted},
		{
			name: "rules that are there stay as they are",
			rbac: part + use("{verbs: [get], apiGroups: [''], resources: [pods]}", "{matchLabels: {to: middle}}") + jeff,
			want: notGranted,
		},
	}
	for i := range scenarios {
		scenarios[i].policies = `{a: {}}`
	}
	runScenarios(t, scenarios)
}

func TestInvalidAggregationSelectorIsADecodeFault(t *testing.T) {
	r := start(t).ask("cluster", `cluster: {objects: [{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: x},
		aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: a, operator: Maybe}]}]}}]}`)
	if got, want := outcome(r), `error: decode: ClusterRole "x": aggregation: "Maybe" is not a valid pod selector operator`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// One cluster's roles must not show in the next.
func TestAggregationForgetsTheLastCluster(t *testing.T) {
	e := start(t)
	empty := manifests(t, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: use}
aggregationRule: {clusterRoleSelectors: [{}]}
---`+clusterBinding(`{kind: User, name: jeff}`))
	full := append(manifests(t, superuserRole[:len(superuserRole)-len("---\n")]), empty...)
	for _, step := range []struct {
		objects []any
		want    string
	}{{full, "a"}, {empty, ""}, {full, "a"}} {
		e.setCluster("", append(policies(t, `{a: {}}`), step.objects...))
		if got := e.ask("admit", podRequestYAML(t, ``)).Admit.Policy; got != step.want {
			t.Errorf("policy %q, want %q", got, step.want)
		}
	}
}
