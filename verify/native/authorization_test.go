// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

const (
	granted = `
admit: a
validate: a`
	notGranted = `
admit: PodSecurityPolicy: unable to admit pod: []
validate: PodSecurityPolicy: unable to validate pod: []`
)

// useRole is a ClusterRole that may use every policy.
const useRole = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: use}
rules: [{verbs: [use], apiGroups: [policy], resources: [podsecuritypolicies]}]
---
`

const superuserRole = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cluster-admin}
rules: [{verbs: ['*'], apiGroups: ['*'], resources: ['*']}]
---
`

func clusterBinding(subject string) string {
	return `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: use}
subjects: [` + subject + `]
`
}

func binding(namespace, role, subject string) string {
	return `
apiVersion: rbac.authorization.k8s.io/v1beta1
kind: RoleBinding
metadata: {name: b, namespace: ` + namespace + `}
roleRef: {kind: ClusterRole, name: ` + role + `}
subjects: [` + subject + `]
`
}

func roleWith(rule string) string {
	return `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: use}
rules: [` + rule + `]
---
`
}

// Who may use a policy, under the RBAC authorizer and nothing else.
func TestAuthorization(t *testing.T) {
	const onePolicy = `{a: {}}`
	const anonymous = `userInfo: {username: 'system:anonymous', groups: ['system:unauthenticated']}`
	scenarios := []scenario{
		{
			name:    "a service account is not in system:authenticated",
			rbac:    useRole + clusterBinding(`{kind: Group, name: 'system:authenticated'}`),
			request: anonymous, want: notGranted,
		},
		{
			name:    "a service account is in the group of its namespace's accounts; extensions counts as policy",
			rbac:    roleWith(`{verbs: [use], apiGroups: [extensions], resources: ['*']}`) + clusterBinding(`{kind: Group, name: 'system:serviceaccounts:ns'}`),
			request: anonymous, want: granted,
		},
		{
			name: "a star among resource names is a name",
			rbac: roleWith(`{verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: ['*']}`) + clusterBinding(`{kind: User, name: jeff}`),
			want: notGranted,
		},
		{
			name: "a policy may be named",
			rbac: roleWith(`{verbs: [use], apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [b, a]}`) + clusterBinding(`{kind: User, name: jeff}`),
			want: granted,
		},
		{
			name: "a service account without a namespace matches nobody in a ClusterRoleBinding",
			rbac: useRole + clusterBinding(`{kind: ServiceAccount, name: default}`),
			want: notGranted,
		},
		{
			name: "and means the binding's namespace in a RoleBinding",
			rbac: useRole + binding("ns", "use", `{kind: ServiceAccount, name: default}`),
			want: granted,
		},
		{
			name: "a RoleBinding grants in its own namespace only",
			rbac: useRole + binding("other", "use", `{kind: Group, name: 'system:authenticated'}`),
			want: notGranted,
		},
		{
			name:    "nobody is a superuser without a binding",
			rbac:    useRole + clusterBinding(`{kind: User, name: someone}`),
			request: `userInfo: {username: root, groups: ['system:masters', 'system:authenticated']}`, want: notGranted,
		},
		{
			name: "cluster-admin in a namespace grants every policy there",
			rbac: superuserRole + binding("ns", "cluster-admin", `{kind: User, name: jeff}`),
			want: granted,
		},
		{
			name: "a binding to a missing role does not disturb another",
			rbac: useRole + binding("ns", "missing", `{kind: User, name: jeff}`) + "---" + clusterBinding(`{kind: User, name: jeff}`),
			want: granted,
		},
		{
			name: "the account of a mirror pod does not count",
			rbac: useRole + clusterBinding(`{kind: Group, name: 'system:serviceaccounts'}`),
			request: `
userInfo: {username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated']}
object: {metadata: {name: p, annotations: {kubernetes.io/config.mirror: x}}, spec: {nodeName: n1}}`,
			want: notGranted,
		},
		{
			name:    "a request without a user counts for the account alone",
			rbac:    useRole + clusterBinding(`{kind: User, name: 'system:serviceaccount:ns:default'}`),
			request: `userInfo: null`, want: granted,
		},
	}
	for i := range scenarios {
		scenarios[i].policies = onePolicy
	}
	runScenarios(t, scenarios)
}

// A policy that may not be used decides nothing, and says nothing in a refusal.
func TestUnauthorizedPolicies(t *testing.T) {
	const onlyM = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: use}
rules: [{verbs: [use], apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [m]}]
---
`
	rbac := onlyM + clusterBinding(`{kind: User, name: jeff}`)
	runScenarios(t, []scenario{
		{
			name:     "a changing policy that may be used wins over one that may not",
			policies: `{m: {readOnlyRootFilesystem: true}, z: {}}`,
			rbac:     rbac,
			want: `
admit: m sets spec.containers[0].securityContext.readOnlyRootFilesystem=true
validate: m`,
		},
		{
			name:     "only policies that may be used give reasons",
			policies: `{m: {hostPID: false}, a: {hostIPC: false}}`,
			rbac:     rbac,
			request:  `object: {spec: {hostPID: true, hostIPC: true}}`,
			want: `
admit: PodSecurityPolicy: unable to admit pod: [spec.securityContext.hostPID: Invalid value: true: Host PID is not allowed to be used]
validate: PodSecurityPolicy: unable to validate pod: [spec.securityContext.hostPID: Invalid value: true: Host PID is not allowed to be used]`,
		},
	})
}

// The mke dialect adds a group per namespace to people, and to nobody else.
func TestDialects(t *testing.T) {
	const onePolicy = `{a: {}}`
	rbac := useRole + clusterBinding(`{kind: Group, name: 'system:authenticated:ns'}`)
	runScenarios(t, []scenario{
		{name: "mke adds the group", dialect: "mke", policies: onePolicy, rbac: rbac, want: granted},
		{name: "kubernetes does not", dialect: "kubernetes", policies: onePolicy, rbac: rbac, want: notGranted},
		{
			name: "not in another namespace", dialect: "mke", policies: onePolicy, rbac: rbac,
			request: `namespace: other`, want: notGranted,
		},
		{
			name: "not to system users", dialect: "mke", policies: onePolicy, rbac: rbac,
			request: `userInfo: {username: 'system:serviceaccount:kube-system:replicaset-controller', groups: ['system:serviceaccounts', 'system:authenticated']}`,
			want:    notGranted,
		},
		{
			name: "not to those who are not authenticated", dialect: "mke", policies: onePolicy, rbac: rbac,
			request: `userInfo: {username: jeff, groups: [devs]}`, want: notGranted,
		},
	})
}
