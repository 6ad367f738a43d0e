// SPDX-License-Identifier: Apache-2.0

package translate

import (
	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1alpha1 "k8s.io/api/rbac/v1alpha1"
)

// upgrade turns a binding of rbac.authorization.k8s.io/v1alpha1 into one of v1; all other objects read alike in every
// version. Subjects named their API group by apiVersion then, and User "*" meant everybody who is authenticated
// (pkg/apis/rbac/v1alpha1/conversion.go, v1.24.17).
func upgrade(value any) any {
	switch old := value.(type) {
	case *rbacv1alpha1.ClusterRoleBinding:
		return &rbacv1.ClusterRoleBinding{
			ObjectMeta: old.ObjectMeta, Subjects: upgradeSubjects(old.Subjects), RoleRef: rbacv1.RoleRef(old.RoleRef),
		}
	case *rbacv1alpha1.RoleBinding:
		return &rbacv1.RoleBinding{
			ObjectMeta: old.ObjectMeta, Subjects: upgradeSubjects(old.Subjects), RoleRef: rbacv1.RoleRef(old.RoleRef),
		}
	}
	return value
}

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
