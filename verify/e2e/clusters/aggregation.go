// SPDX-License-Identifier: Apache-2.0

package clusters

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	rbacv1 "k8s.io/api/rbac/v1"
)

const clusterRolesPath = "/apis/" + rbacAPI + "/clusterroles"

// aggregated gives a ClusterRole whose rules the controller of a cluster fills in, which does not run here; nil for anything else, and for what no API server
// takes. Rules that are there are that controller's earlier work (pkg/controller/clusterroleaggregation, v1.24.17).
func aggregated(path string, body []byte) *rbacv1.ClusterRole {
	role := &rbacv1.ClusterRole{}
	if !strings.HasPrefix(path, clusterRolesPath+"/") || json.Unmarshal(body, role) != nil || role.AggregationRule == nil || len(role.Rules) > 0 {
		return nil
	}
	return role
}

// fill gives the roles the rules of those that their selectors match, among each other and of the roles that the server has.
func (s *Server) fill(ctx context.Context, roles []*rbacv1.ClusterRole) error {
	if len(roles) == 0 {
		return nil
	}
	data, err := s.Must(ctx, &Call{Method: http.MethodGet, Path: clusterRolesPath})
	if err != nil {
		return err
	}
	var stored rbacv1.ClusterRoleList
	if err := json.Unmarshal(data, &stored); err != nil {
		return fmt.Errorf("%s: %w", clusterRolesPath, err)
	}
	all := slices.Clone(roles)
	for i := range stored.Items {
		all = append(all, &stored.Items[i])
	}
	for changed := true; changed; { // a role that is aggregated may be of those
		changed = false
		for _, role := range roles {
			rules, err := collect(role, all)
			if err != nil {
				return fmt.Errorf("ClusterRole %q: %w", role.Name, err)
			}
			changed = changed || len(rules) != len(role.Rules) // they only become more
			role.Rules = rules
		}
	}
	return nil
}

// collect joins the rules of the roles that a role's selectors match, each rule once.
func collect(role *rbacv1.ClusterRole, all []*rbacv1.ClusterRole) (rules []rbacv1.PolicyRule, err error) {
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			return nil, err
		}
		for _, other := range all {
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
