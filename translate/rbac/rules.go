// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
)

// role is what a role says about policies.
type role struct {
	id       string
	policies []string // as in Subject; empty if it allows none
}

// newRole works out which policies the rules allow to use.
func (c *compiler) newRole(id string, rules []rbacv1.PolicyRule) *role {
	return &role{id: id, policies: c.allowed(rules)}
}

// allowed is the sorted list of policies that rules allow to use: all of them, or those of the input that are named.
// A resource name is compared literally, so "*" among them is no wildcard.
func (c *compiler) allowed(rules []rbacv1.PolicyRule) []string {
	var names []string
	for i := range rules {
		rule := &rules[i]
		if !allowsUse(rule) {
			continue
		}
		if len(rule.ResourceNames) == 0 {
			return []string{AllPolicies}
		}
		for _, name := range rule.ResourceNames {
			if name != AllPolicies && c.policies[name] {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// allowsUse reports whether a rule allows to use policies, disregarding its resource names (RuleAllows of
// plugin/pkg/auth/authorizer/rbac/rbac.go with the matchers of pkg/apis/rbac/v1/evaluation_helpers.go, v1.24.17, for verb
// "use", resource "podsecuritypolicies" without subresource, and the API groups that the plugin asks about).
func allowsUse(rule *rbacv1.PolicyRule) bool {
	return verbMatches(rule) && groupMatches(rule) && resourceMatches(rule)
}

func verbMatches(rule *rbacv1.PolicyRule) bool {
	return slices.Contains(rule.Verbs, rbacv1.VerbAll) || slices.Contains(rule.Verbs, "use")
}

func groupMatches(rule *rbacv1.PolicyRule) bool {
	return slices.Contains(rule.APIGroups, rbacv1.APIGroupAll) || slices.Contains(rule.APIGroups, "policy") ||
		slices.Contains(rule.APIGroups, "extensions")
}

func resourceMatches(rule *rbacv1.PolicyRule) bool {
	return slices.Contains(rule.Resources, rbacv1.ResourceAll) || slices.Contains(rule.Resources, "podsecuritypolicies")
}
