// SPDX-License-Identifier: Apache-2.0

package clusters

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"psp2rego/translate/rbac"
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
	rules := rbac.Aggregate(all)
	for _, role := range roles {
		role.Rules = rules[role.Name]
	}
	return nil
}
