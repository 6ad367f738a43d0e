// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"psp2rego/translate/diagnostic"
)

// Aggregate gives the rules of the cluster roles that have an aggregationRule, by name, as the controller of a cluster fills them in. A role with a selector that
// is not valid gets none. The order of the roles has no influence on who may do what.
func Aggregate(roles []*rbacv1.ClusterRole) map[string][]rbacv1.PolicyRule {
	sorted := slices.SortedFunc(slices.Values(roles), func(a, b *rbacv1.ClusterRole) int { return strings.Compare(a.Name, b.Name) })
	return new(compiler).aggregate(sorted)
}

// aggregate works out the rules of the roles that have an aggregationRule, as the controller of the cluster does
// (pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go, v1.24.17): selector by selector, the rules
// of all matching roles but itself by name, each rule once; again and again until nothing changes. Roles that have rules
// already contribute those, like roles without aggregationRule. The roles are sorted by name.
func (c *compiler) aggregate(roles []*rbacv1.ClusterRole) map[string][]rbacv1.PolicyRule {
	result := map[string][]rbacv1.PolicyRule{}
	members := map[string][]*rbacv1.ClusterRole{}
	for _, r := range roles {
		if r.AggregationRule != nil {
			members[r.Name] = c.members(r, roles)
			result[r.Name] = nil
		}
	}
	// Rules are only ever added, so counting them tells whether a pass changed anything.
	for changed := true; changed; {
		changed = false
		for _, r := range roles {
			if r.AggregationRule == nil {
				continue
			}
			rules := collect(members[r.Name], result)
			changed = changed || len(rules) != len(result[r.Name])
			result[r.Name] = rules
		}
	}
	return result
}

// members lists the roles that a role aggregates. A selector that is not valid makes the controller give up on the role.
func (c *compiler) members(r *rbacv1.ClusterRole, roles []*rbacv1.ClusterRole) []*rbacv1.ClusterRole {
	var members []*rbacv1.ClusterRole
	for i := range r.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&r.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			c.problems = append(c.problems, Problem{
				Kind: "ClusterRole", Name: r.Name, Field: fmt.Sprintf("aggregationRule.clusterRoleSelectors[%d]", i),
				Severity: diagnostic.Warning, Code: diagnostic.InvalidSelector,
				Message: "the selector is not valid, so the role aggregates nothing: " + err.Error(),
			})
			return nil
		}
		for _, other := range roles {
			if other.Name != r.Name && selector.Matches(labels.Set(other.Labels)) {
				members = append(members, other)
			}
		}
	}
	return members
}

// collect joins the rules of roles, each rule once.
func collect(members []*rbacv1.ClusterRole, aggregated map[string][]rbacv1.PolicyRule) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	seen := map[string]bool{}
	for _, m := range members {
		own := m.Rules
		if len(own) == 0 {
			own = aggregated[m.Name]
		}
		for _, rule := range own {
			if key := ruleKey(rule); !seen[key] {
				seen[key] = true
				rules = append(rules, rule)
			}
		}
	}
	return rules
}

// ruleKey is the same for rules that are semantically equal: missing and empty lists do not differ.
func ruleKey(r rbacv1.PolicyRule) string {
	var b strings.Builder
	for _, list := range [][]string{r.Verbs, r.APIGroups, r.Resources, r.ResourceNames, r.NonResourceURLs} {
		for _, s := range list {
			b.WriteString(strconv.Quote(s))
		}
		b.WriteByte(';')
	}
	return b.String()
}

// stale notes that the rules stored in an aggregated role say something else about policies than aggregating would.
func (c *compiler) stale(r *rbacv1.ClusterRole, aggregated []rbacv1.PolicyRule) {
	if r.AggregationRule == nil || len(r.Rules) == 0 {
		return
	}
	stored, computed := c.allowed(r.Rules), c.allowed(aggregated)
	if slices.Equal(stored, computed) {
		return
	}
	c.problems = append(c.problems, Problem{
		Kind: "ClusterRole", Name: r.Name, Field: "rules", Severity: diagnostic.Note, Code: diagnostic.StaleRules,
		Message: fmt.Sprintf("the rules of this aggregated role are taken as they are: it allows %s, where the roles of the "+
			"input would make it allow %s", describe(stored), describe(computed)),
		Hint: "delete the rules to have them aggregated",
	})
}

func describe(policies []string) string {
	switch {
	case len(policies) == 0:
		return "no policy"
	case policies[0] == AllPolicies:
		return "every policy"
	}
	return "the policies " + enumerate(policies)
}

// enumerate quotes the first few names.
func enumerate(names []string) string {
	const shown = 5
	var quoted []string
	for _, name := range names[:min(shown, len(names))] {
		quoted = append(quoted, strconv.Quote(name))
	}
	text := strings.Join(quoted, ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
