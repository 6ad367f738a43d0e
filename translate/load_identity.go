// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"encoding/json"
	"fmt"
	"strconv"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"psp2rego/translate/diagnostic"
	"psp2rego/translate/manifest"
	"psp2rego/translate/psp"
)

func quote(s string) string { return strconv.Quote(s) }

// identify settles an object's name and namespace and reports whether it is one more object of the cluster.
func (l *loader) identify(d *decoded) bool {
	o := d.object
	if o.Name == "" {
		if len(d.mistakes) == 0 {
			l.add(o, diagnostic.Error, diagnostic.MissingName, "metadata.name", "this "+o.Kind+" has no name",
				"an object without a name cannot be in a cluster; generateName is not enough")
		}
		return false
	}
	key := id{o.Kind, o.Namespace, o.Name}
	if !namespaced(o.Kind) && o.Namespace != "" {
		key.namespace = ""
		l.clearNamespace(d)
	}
	first, ok := l.index[key]
	switch {
	case !ok:
		l.index[key] = d
	case d.value != nil && first.value != nil && alike(d.value, first.value):
		l.repeats = append(l.repeats, d)
	default:
		l.add(o, diagnostic.Error, diagnostic.DuplicateObject, "metadata.name",
			fmt.Sprintf("%s is given twice, with different content; the first one is at %s", key, first.object.Position("")),
			"a cluster holds one object of a name; give only the one that counts")
	}
	return !ok
}

// alike reports whether two objects of one name say the same; what the server noted about them does not matter.
func alike(a, b any) bool {
	equal := equality.Semantic.DeepEqual
	switch a := a.(type) {
	case *psp.PodSecurityPolicy:
		b, ok := b.(*psp.PodSecurityPolicy)
		return ok && equal(a.Spec, b.Spec) && equal(psp.Profiles(a), psp.Profiles(b))
	case *rbacv1.ClusterRole:
		b, ok := b.(*rbacv1.ClusterRole)
		return ok && equal(a.Rules, b.Rules) && equal(a.AggregationRule, b.AggregationRule) && equal(a.Labels, b.Labels)
	case *rbacv1.Role:
		b, ok := b.(*rbacv1.Role)
		return ok && equal(a.Rules, b.Rules)
	case *rbacv1.ClusterRoleBinding:
		b, ok := b.(*rbacv1.ClusterRoleBinding)
		return ok && equal(a.RoleRef, b.RoleRef) && equal(a.Subjects, b.Subjects)
	case *rbacv1.RoleBinding:
		b, ok := b.(*rbacv1.RoleBinding)
		return ok && equal(a.RoleRef, b.RoleRef) && equal(a.Subjects, b.Subjects)
	}
	return false
}

// repeated notes objects that are there several times and always say the same.
func (l *loader) repeated() {
	if len(l.repeats) == 0 {
		return
	}
	names := make([]string, len(l.repeats))
	for i, d := range l.repeats {
		names[i] = id{d.object.Kind, d.object.Namespace, d.object.Name}.String()
	}
	l.add(l.repeats[0].object, diagnostic.Note, diagnostic.RepeatedObject, "",
		fmt.Sprintf("given again with the same content and used once: %s", enumerate(names)),
		"charts rendered together often share objects")
}

// String is the object as people write it: PodSecurityPolicy "x", Role "namespace/x".
func (i id) String() string {
	if i.namespace != "" {
		return i.kind + " " + quote(i.namespace+"/"+i.name)
	}
	return i.kind + " " + quote(i.name)
}

// clearNamespace takes the namespace off an object that cannot have one, as the API server does
// (staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go, EnsureObjectNamespaceMatchesRequestNamespace, v1.24.17).
func (l *loader) clearNamespace(d *decoded) {
	o := d.object
	l.add(o, diagnostic.Warning, diagnostic.NamespaceCleared, "metadata.namespace",
		fmt.Sprintf("a %s has no namespace; %q is ignored", o.Kind, o.Namespace),
		"it counts in the whole cluster, not only in this namespace")
	cleared := *o
	cleared.Namespace = ""
	cleared.JSON = withoutNamespace(o.JSON)
	d.object = &cleared
	switch v := d.value.(type) {
	case *psp.PodSecurityPolicy:
		v.Namespace = ""
	case *rbacv1.ClusterRole:
		v.Namespace = ""
	case *rbacv1.ClusterRoleBinding:
		v.Namespace = ""
	}
}

// withoutNamespace is an object without metadata.namespace.
func withoutNamespace(object []byte) []byte {
	var fields, metadata map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil || json.Unmarshal(fields["metadata"], &metadata) != nil {
		return object
	}
	delete(metadata, "namespace")
	if text, err := json.Marshal(metadata); err == nil {
		fields["metadata"] = text
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return object
	}
	return text
}

func namespaced(kind string) bool { return kind == manifest.Role || kind == manifest.RoleBinding }

// take puts an object where it belongs.
func (l *loader) take(d *decoded) {
	switch v := d.value.(type) {
	case *psp.PodSecurityPolicy:
		l.cluster.Policies = append(l.cluster.Policies, Policy{PodSecurityPolicy: *v, Source: d.object})
	case *rbacv1.ClusterRole:
		l.rbac.ClusterRoles = append(l.rbac.ClusterRoles, v)
	case *rbacv1.Role:
		l.rbac.Roles = append(l.rbac.Roles, v)
	case *rbacv1.ClusterRoleBinding:
		l.rbac.ClusterRoleBindings = append(l.rbac.ClusterRoleBindings, v)
	case *rbacv1.RoleBinding:
		l.rbac.RoleBindings = append(l.rbac.RoleBindings, v)
	}
}
