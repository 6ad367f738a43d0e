// SPDX-License-Identifier: Apache-2.0

package translate

import (
	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1alpha1 "k8s.io/api/rbac/v1alpha1"

	"psp2rego/translate/psp"
)

// complete fills in what the API server fills in when it reads an object, and turns bindings of
// rbac.authorization.k8s.io/v1alpha1 into ones of v1; all other objects read alike in every version
// (pkg/apis/policy/v1beta1/defaults.go, pkg/apis/rbac/v1/defaults.go, pkg/apis/rbac/v1alpha1/conversion.go, v1.24.17).
func complete(value any) any {
	switch v := value.(type) {
	case *psp.PodSecurityPolicy:
		psp.Default(v)
	case *rbacv1.ClusterRoleBinding:
		defaultGroups(&v.RoleRef, v.Subjects)
	case *rbacv1.RoleBinding:
		defaultGroups(&v.RoleRef, v.Subjects)
	case *rbacv1alpha1.ClusterRoleBinding:
		return complete(&rbacv1.ClusterRoleBinding{
			ObjectMeta: v.ObjectMeta, Subjects: upgradeSubjects(v.Subjects), RoleRef: rbacv1.RoleRef(v.RoleRef),
		})
	case *rbacv1alpha1.RoleBinding:
		return complete(&rbacv1.RoleBinding{
			ObjectMeta: v.ObjectMeta, Subjects: upgradeSubjects(v.Subjects), RoleRef: rbacv1.RoleRef(v.RoleRef),
		})
	}
	return value
}

func defaultGroups(ref *rbacv1.RoleRef, subjects []rbacv1.Subject) {
	if ref.APIGroup == "" {
		ref.APIGroup = rbacv1.GroupName
	}
	for i := range subjects {
		if s := &subjects[i]; s.APIGroup == "" && (s.Kind == rbacv1.UserKind || s.Kind == rbacv1.GroupKind) {
			s.APIGroup = rbacv1.GroupName
		}
	}
}

// upgradeSubjects: subjects named their API group by apiVersion, which is not read, and User "*" meant everybody who is
// authenticated.
func upgradeSubjects(old []rbacv1alpha1.Subject) []rbacv1.Subject {
	var subjects []rbacv1.Subject
	for _, s := range old {
		subject := rbacv1.Subject{Kind: s.Kind, Name: s.Name, Namespace: s.Namespace}
		if s.Kind == rbacv1alpha1.UserKind && s.Name == "*" {
			subject.Kind, subject.Name = rbacv1.GroupKind, "system:authenticated"
		}
		subjects = append(subjects, subject)
	}
	return subjects
}
