// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"slices"
	"strings"
)

// The kinds that decide who may run which pod.
const (
	PodSecurityPolicy  = "PodSecurityPolicy"
	ClusterRole        = "ClusterRole"
	ClusterRoleBinding = "ClusterRoleBinding"
	Role               = "Role"
	RoleBinding        = "RoleBinding"
)

// Kind describes one kind of object that Read returns.
type Kind struct {
	Name string
	// APIVersions are the versions that Kubernetes ever served it in, newest first.
	APIVersions []string
	// Namespaced is whether its objects live in a namespace.
	Namespaced bool
}

// Kinds are the kinds of objects that Read returns.
func Kinds() []Kind {
	policies := []string{"policy/v1beta1", "extensions/v1beta1"}
	rbac := []string{
		"rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1alpha1",
	}
	return []Kind{
		{Name: PodSecurityPolicy, APIVersions: policies},
		{Name: ClusterRole, APIVersions: rbac},
		{Name: ClusterRoleBinding, APIVersions: rbac},
		{Name: Role, APIVersions: rbac, Namespaced: true},
		{Name: RoleBinding, APIVersions: rbac, Namespaced: true},
	}
}

// standing is how Read treats an object, going by its kind and version.
type standing int

const (
	other        standing = iota // of no interest
	known                        // one of Kinds
	wrongVersion                 // meant to be one of Kinds, but in a version or spelling that never existed
)

// classify says how to treat an object. An object that shares only its kind's name with one of Kinds, and comes from
// somebody's own API group, is of no interest; any other near miss is taken for a mistake.
func classify(apiVersion, kind string) (standing, Kind) {
	for _, k := range Kinds() {
		if !strings.EqualFold(k.Name, kind) {
			continue
		}
		if k.Name == kind && slices.Contains(k.APIVersions, apiVersion) {
			return known, k
		}
		group, _, versioned := strings.Cut(apiVersion, "/")
		if versioned && strings.Contains(group, ".") && group != "rbac.authorization.k8s.io" {
			return other, k
		}
		return wrongVersion, k
	}
	return other, Kind{}
}
