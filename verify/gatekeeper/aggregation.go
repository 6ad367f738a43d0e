// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// aggregate fills in the rules of ClusterRoles that have an aggregationRule and no rules, as the controller of a cluster
// does (pkg/controller/clusterroleaggregation, Kubernetes v1.24.17). Rules that are there are that controller's earlier work.
func aggregate(objects []*unstructured.Unstructured) error {
	var roles, empty []*rbacv1.ClusterRole
	in := map[*rbacv1.ClusterRole]*unstructured.Unstructured{}
	for _, object := range objects {
		if object.GroupVersionKind() != rbacv1.SchemeGroupVersion.WithKind("ClusterRole") {
			continue
		}
		role := &rbacv1.ClusterRole{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, role); err != nil {
			return decodeFault("ClusterRole %q: %v", object.GetName(), err)
		}
		roles = append(roles, role)
		if role.AggregationRule != nil && len(role.Rules) == 0 {
			empty, in[role] = append(empty, role), object
		}
	}
	slices.SortFunc(roles, func(a, b *rbacv1.ClusterRole) int { return cmp.Compare(a.Name, b.Name) })
	for changed := true; changed; { // a role that is aggregated may be of those
		changed = false
		for _, role := range empty {
			rules, err := collect(role, roles)
			if err != nil {
				return decodeFault("ClusterRole %q: aggregation: %v", role.Name, err)
			}
			changed = changed || len(rules) != len(role.Rules) // they only become more
			role.Rules = rules
		}
	}
	for role, object := range in {
		filled, err := runtime.DefaultUnstructuredConverter.ToUnstructured(role)
		if err != nil {
			return err
		}
		object.Object["rules"] = filled["rules"]
	}
	return nil
}

// collect joins the rules of the roles that a role's selectors match, each rule once.
func collect(role *rbacv1.ClusterRole, roles []*rbacv1.ClusterRole) (rules []rbacv1.PolicyRule, err error) {
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			return nil, fmt.Errorf("clusterRoleSelectors[%d]: %w", i, err)
		}
		for _, other := range roles {
			if other.Name == role.Name || !selector.Matches(labels.Set(other.Labels)) {
				continue
			}
			for _, rule := range other.Rules {
				known := func(r rbacv1.PolicyRule) bool { return equality.Semantic.DeepEqual(r, rule) }
				if !slices.ContainsFunc(rules, known) {
					rules = append(rules, rule)
				}
			}
		}
	}
	return rules, nil
}
