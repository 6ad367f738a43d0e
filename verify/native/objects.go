// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"

	policyv1beta1 "k8s.io/api/policy/v1beta1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

// clusterObjects are the objects of a cluster in the versions that the plugin and the
// authorizer watch: policy/v1beta1 and rbac.authorization.k8s.io/v1.
type clusterObjects struct {
	policies            []*policyv1beta1.PodSecurityPolicy
	roles               []*rbacv1.Role
	roleBindings        []*rbacv1.RoleBinding
	clusterRoles        []*rbacv1.ClusterRole
	clusterRoleBindings []*rbacv1.ClusterRoleBinding
}

// decodeObjects decodes with API defaulting, in whatever version an object is written.
// API validation is not applied: a cluster holds what older versions stored.
func decodeObjects(raw []json.RawMessage) (*clusterObjects, error) {
	objects := &clusterObjects{}
	seen := map[string]bool{}
	decoder := legacyscheme.Codecs.DecoderToVersion(jsonSerializer(), runtime.InternalGroupVersioner)
	for i, data := range raw {
		internal, gvk, err := decoder.Decode(data, nil, nil)
		if err != nil {
			return nil, decodeFault("objects[%d]: %v", i, err)
		}
		if err := objects.add(internal, gvk, seen); err != nil {
			return nil, decodeFault("objects[%d]: %v", i, err)
		}
	}
	return objects, nil
}

func (o *clusterObjects) add(internal runtime.Object, gvk *schema.GroupVersionKind, seen map[string]bool) error {
	watched, known := watchedVersion(gvk.GroupKind())
	if !known {
		return decodeFault("a %s is no part of a cluster", gvk)
	}
	object, err := legacyscheme.Scheme.ConvertToVersion(internal, watched)
	if err != nil {
		return err
	}
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	switch object.(type) {
	case *rbacv1.Role, *rbacv1.RoleBinding:
	default:
		accessor.SetNamespace("") // as the API server does with a cluster-scoped kind
	}
	key := gvk.Kind + "/" + accessor.GetNamespace() + "/" + accessor.GetName()
	switch {
	case accessor.GetName() == "":
		return decodeFault("%s without a name", gvk.Kind)
	case seen[key]:
		return decodeFault("%s appears twice", key)
	}
	seen[key] = true
	switch object := object.(type) {
	case *policyv1beta1.PodSecurityPolicy:
		o.policies = append(o.policies, object)
	case *rbacv1.Role:
		o.roles = append(o.roles, object)
	case *rbacv1.RoleBinding:
		o.roleBindings = append(o.roleBindings, object)
	case *rbacv1.ClusterRole:
		o.clusterRoles = append(o.clusterRoles, object)
	case *rbacv1.ClusterRoleBinding:
		o.clusterRoleBindings = append(o.clusterRoleBindings, object)
	}
	return nil
}

// watchedVersion is the version in which 1.24 reads a kind, if it is part of a cluster.
func watchedVersion(kind schema.GroupKind) (schema.GroupVersion, bool) {
	switch kind {
	case schema.GroupKind{Group: "policy", Kind: "PodSecurityPolicy"},
		schema.GroupKind{Group: "extensions", Kind: "PodSecurityPolicy"}:
		return policyv1beta1.SchemeGroupVersion, true
	}
	switch kind.Kind {
	case "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding":
		return rbacv1.SchemeGroupVersion, kind.Group == rbacv1.GroupName
	}
	return schema.GroupVersion{}, false
}
