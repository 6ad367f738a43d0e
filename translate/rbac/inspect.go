// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"psp2rego/translate/diagnostic"
)

// inspect reports rules that look as if they allowed to use policies and do not. The problem says which role they are of.
func (c *compiler) inspect(of Problem, rules []rbacv1.PolicyRule) {
	for i := range rules {
		rule := &rules[i]
		p := of
		p.Severity, p.Code = diagnostic.Warning, diagnostic.DeadRule
		if allowsUse(rule) {
			c.inspectNames(p, i, rule)
			continue
		}
		explicit := slices.Contains(rule.Resources, "podsecuritypolicies")
		lookalike := slices.IndexFunc(rule.Resources, resembles)
		switch {
		case verbMatches(rule) && !resourceMatches(rule) && lookalike >= 0:
			p.Field = fmt.Sprintf("rules[%d].resources[%d]", i, lookalike)
			p.Message = fmt.Sprintf("%q does not match podsecuritypolicies, so the rule lets nobody use a policy", rule.Resources[lookalike])
			p.Hint = `write "podsecuritypolicies": lower case, plural, without group or subresource`
		case verbMatches(rule) && explicit:
			p.Field = fmt.Sprintf("rules[%d].apiGroups", i)
			p.Message = fmt.Sprintf("podsecuritypolicies are not in the API groups %q, so the rule lets nobody use a policy", rule.APIGroups)
			p.Hint = `write "policy"; the core group "" does not hold them, and a version is no part of a group`
		case explicit && groupMatches(rule) && slices.ContainsFunc(rule.Verbs, func(v string) bool { return strings.EqualFold(v, "use") }):
			p.Field = fmt.Sprintf("rules[%d].verbs", i)
			p.Message = fmt.Sprintf("the verbs %q do not match use, so the rule lets nobody use a policy", rule.Verbs)
			p.Hint = `verbs are lower case: write "use"`
		default:
			continue
		}
		c.problems = append(c.problems, p)
	}
}

// resembles reports whether a resource was probably meant to be podsecuritypolicies.
func resembles(resource string) bool {
	resource = strings.ToLower(resource)
	return strings.HasPrefix(resource, "podsecuritypolic") || resource == "psp" || resource == "psps"
}

// inspectNames reports resource names of a rule that name no policy.
func (c *compiler) inspectNames(p Problem, i int, rule *rbacv1.PolicyRule) {
	var unknown []string
	for j, name := range rule.ResourceNames {
		switch {
		case name == AllPolicies:
			p := p
			p.Field = fmt.Sprintf("rules[%d].resourceNames[%d]", i, j)
			p.Message = `"*" is no wildcard among resource names, so it names no policy`
			p.Hint = "leave resourceNames out to allow every policy"
			c.problems = append(c.problems, p)
		case !c.policies[name] && slices.Contains(rule.Resources, "podsecuritypolicies"):
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return
	}
	p.Field, p.Code = fmt.Sprintf("rules[%d].resourceNames", i), diagnostic.UnknownPolicy
	p.Message = "the rule names policies that are not in the input: " + enumerate(unknown)
	p.Hint = "add them to the input, or check the spelling"
	c.problems = append(c.problems, p)
}

// inspectBinding reports subjects that can never match, and what the API server would refuse although the authorizer
// does not mind (pkg/apis/rbac/validation/validation.go, v1.24.17).
func (c *compiler) inspectBinding(b binding) {
	p := Problem{Kind: b.kind, Namespace: b.namespace, Name: b.name, Severity: diagnostic.Warning}
	report := func(code, field, hint, format string, args ...any) {
		p.Code, p.Field, p.Hint, p.Message = code, field, hint, fmt.Sprintf(format, args...)
		c.problems = append(c.problems, p)
	}
	const notRead = "Kubernetes evaluates such a binding without looking at it, and so does the translation"
	if b.ref.APIGroup != "" && b.ref.APIGroup != rbacv1.GroupName {
		report(diagnostic.RefusedRBAC, "roleRef.apiGroup", notRead, "the API server refuses the group %q", b.ref.APIGroup)
	}
	if b.kind == "RoleBinding" && b.namespace == "" {
		report(diagnostic.NamespaceMissing, "metadata.namespace",
			"kubectl would put it into the namespace of its context; write metadata.namespace",
			"RoleBinding %q has no namespace, so it grants nothing anywhere", b.name)
	}
	for i, s := range b.subjects {
		field := fmt.Sprintf("subjects[%d].", i)
		want := rbacv1.GroupName
		switch s.Kind {
		case rbacv1.ServiceAccountKind:
			want = ""
			if s.Namespace == "" && b.namespace == "" {
				report(diagnostic.DeadSubject, field+"namespace", "write the namespace of the service account",
					"ServiceAccount %q has no namespace, so it matches nobody", s.Name)
			}
		case rbacv1.UserKind, rbacv1.GroupKind:
		default:
			report(diagnostic.DeadSubject, field+"kind", "it is User, Group or ServiceAccount, spelled exactly so",
				"subject kind %q matches nobody", s.Kind)
			continue
		}
		if s.Name == "" {
			report(diagnostic.RefusedRBAC, field+"name", "it matches nobody who has a name", "the subject has no name")
		}
		if s.APIGroup != "" && s.APIGroup != want {
			report(diagnostic.RefusedRBAC, field+"apiGroup", notRead, "the API server refuses the group %q", s.APIGroup)
		}
	}
}
