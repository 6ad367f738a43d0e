// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1alpha1 "k8s.io/api/rbac/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// addObjects takes the objects of the cluster: Namespaces for matching, and those of the kinds that
// are synced for data.inventory.
func (r *rules) addObjects(ctx context.Context, spec *clusterSpec, synced map[schema.GroupVersionKind]bool) error {
	objects := bootstrap()
	for i, data := range spec.Objects {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(data); err != nil {
			return decodeFault("objects[%d]: %v", i, err)
		}
		if err := asServed(object); err != nil {
			return decodeFault("objects[%d]: %v", i, err)
		}
		objects = append(objects, object)
	}
	if err := aggregate(objects); err != nil {
		return err
	}
	for _, object := range objects {
		gvk := object.GroupVersionKind()
		if gvk == corev1.SchemeGroupVersion.WithKind("Namespace") {
			namespace := &corev1.Namespace{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, namespace); err != nil {
				return decodeFault("Namespace %q: %v", object.GetName(), err)
			}
			r.namespaces[namespace.Name] = namespace
		}
		if !synced[gvk] {
			continue
		}
		if _, err := r.client.AddData(ctx, object); err != nil {
			return decodeFault("%s %q: %v", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// bootstrap is a role and a binding that every API server has, whatever else there is: it makes them when it starts
// (plugin/pkg/auth/authorizer/rbac/bootstrappolicy, Kubernetes v1.24.17). Templates may tell by such whether RBAC is synced.
func bootstrap() []*unstructured.Unstructured {
	head := func(kind string) map[string]any {
		return map[string]any{
			"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": kind, "metadata": map[string]any{"name": "system:public-info-viewer"},
		}
	}
	role, binding := head("ClusterRole"), head("ClusterRoleBinding")
	role["rules"] = []any{map[string]any{"verbs": []any{"get"}, "nonResourceURLs": []any{"/healthz", "/livez", "/readyz", "/version", "/version/"}}}
	binding["roleRef"] = map[string]any{"apiGroup": rbacv1.GroupName, "kind": "ClusterRole", "name": "system:public-info-viewer"}
	binding["subjects"] = []any{
		map[string]any{"apiGroup": rbacv1.GroupName, "kind": "Group", "name": "system:authenticated"},
		map[string]any{"apiGroup": rbacv1.GroupName, "kind": "Group", "name": "system:unauthenticated"},
	}
	return []*unstructured.Unstructured{{Object: role}, {Object: binding}}
}

// asServed makes an object what an API server shows to whoever watches it: roles and bindings in v1 with
// defaults, Namespaces with the label of their name.
func asServed(object *unstructured.Unstructured) error {
	switch gvk := object.GroupVersionKind(); {
	case gvk == corev1.SchemeGroupVersion.WithKind("Namespace"):
		labels := object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[corev1.LabelMetadataName] = object.GetName()
		object.SetLabels(labels)
	case gvk.Group == rbacv1.GroupName:
		typed, err := typedRBAC(object)
		if typed == nil || err != nil {
			return err
		}
		object.Object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
		return err
	}
	return nil
}

// typedRBAC reads a role or a binding of any version as one of v1, with the defaults of pkg/apis/rbac/v1/defaults.go; nil is of another kind.
func typedRBAC(object *unstructured.Unstructured) (any, error) {
	alpha := object.GetAPIVersion() == rbacv1alpha1.SchemeGroupVersion.String()
	object.SetAPIVersion(rbacv1.SchemeGroupVersion.String())
	read := func(into any) error {
		return runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
	}
	switch object.GetKind() {
	case "ClusterRole":
		role := &rbacv1.ClusterRole{}
		err := read(role)
		role.Namespace = ""
		return role, err
	case "Role":
		role := &rbacv1.Role{}
		return role, read(role)
	case "ClusterRoleBinding":
		binding := &rbacv1.ClusterRoleBinding{}
		err := read(binding)
		binding.Namespace = ""
		complete(&binding.RoleRef, binding.Subjects, alpha)
		return binding, err
	case "RoleBinding":
		binding := &rbacv1.RoleBinding{}
		err := read(binding)
		complete(&binding.RoleRef, binding.Subjects, alpha)
		return binding, err
	}
	return nil, nil
}

// complete fills in API groups. The user * of v1alpha1 is everybody who is authenticated (pkg/apis/rbac/v1alpha1/conversion.go).
func complete(ref *rbacv1.RoleRef, subjects []rbacv1.Subject, alpha bool) {
	ref.APIGroup = cmp.Or(ref.APIGroup, rbacv1.GroupName)
	for i := range subjects {
		s := &subjects[i]
		if alpha && s.Kind == rbacv1.UserKind && s.Name == "*" {
			s.Kind, s.Name = rbacv1.GroupKind, "system:authenticated"
		}
		if s.Kind == rbacv1.UserKind || s.Kind == rbacv1.GroupKind {
			s.APIGroup = cmp.Or(s.APIGroup, rbacv1.GroupName)
		}
	}
}
