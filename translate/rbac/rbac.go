// SPDX-License-Identifier: Apache-2.0

// Package rbac answers who may use which PodSecurityPolicy: it does, once and for everybody, what the RBAC authorizer of
// Kubernetes 1.24 does for one request with verb "use" and resource "podsecuritypolicies" (plugin/pkg/auth/authorizer/rbac
// and pkg/registry/rbac/validation, v1.24.17).
package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"psp2rego/translate/diagnostic"
)

// Input is the RBAC data of a cluster and the names of its policies. Nothing in it is changed.
type Input struct {
	ClusterRoles        []*rbacv1.ClusterRole
	Roles               []*rbacv1.Role
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding
	RoleBindings        []*rbacv1.RoleBinding
	// Policies are the names of the PodSecurityPolicies, in any order.
	Policies []string
}

// Grants says which policies each user and group may use. A service account is a user,
// system:serviceaccount:<namespace>:<name>. Who may use nothing is absent.
type Grants struct {
	Users  map[string]*Subject `json:"users"`
	Groups map[string]*Subject `json:"groups"`
}

// Subject is what one user or group may use. Each list is sorted, without duplicates, never empty, and ["*"] if it is
// every policy, also ones that do not exist yet. Lists are shared between subjects: read only.
type Subject struct {
	// Cluster are the policies for pods of every namespace.
	Cluster []string `json:"cluster,omitempty"`
	// Namespaces are further policies for pods of one namespace.
	Namespaces map[string][]string `json:"namespaces,omitempty"`
}

// Grant is one reason why a subject may use policies.
type Grant struct {
	// Policies are as in Subject. Shared: read only.
	Policies []string `json:"policies"`
	// Binding is ClusterRoleBinding/<name> or RoleBinding/<namespace>/<name>.
	Binding string `json:"binding"`
	// Role is ClusterRole/<name> or Role/<namespace>/<name>.
	Role string `json:"role"`
	// Namespace is the one that the grant is limited to; "" for all.
	Namespace string `json:"namespace,omitempty"`
}

// Provenance says where each subject's grants come from: every binding that contributes, cluster-wide ones first, then by
// namespace and binding.
type Provenance struct {
	Users  map[string][]Grant `json:"users"`
	Groups map[string][]Grant `json:"groups"`
}

// Problem is a finding about one object of the input, or about all of it if Kind is "".
type Problem struct {
	Kind, Namespace, Name string
	// Field is the path inside the object (subjects[0].namespace).
	Field    string
	Severity diagnostic.Severity
	// Code is a code of package diagnostic.
	Code          string
	Message, Hint string
}

// AllPolicies in a list of policies stands for every policy.
const AllPolicies = "*"
