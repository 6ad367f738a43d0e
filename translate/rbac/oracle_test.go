// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mayUse asks one question as the authorizer does, walking all bindings: it restates VisitRulesFor, GetRoleReferenceRules,
// appliesToUser (pkg/registry/rbac/validation/rule.go) and RuleAllows (plugin/pkg/auth/authorizer/rbac/rbac.go, v1.24.17)
// without any of the shortcuts of this package.
func mayUse(in Input, user string, groups []string, namespace, policy string) bool {
	applies := func(subjects []rbacv1.Subject, bindingNamespace string) bool {
		return slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool {
			switch s.Kind {
			case "User":
				return user == s.Name
			case "Group":
				return slices.Contains(groups, s.Name)
			case "ServiceAccount":
				ns := bindingNamespace
				if s.Namespace != "" {
					ns = s.Namespace
				}
				return ns != "" && user == "system:serviceaccount:"+ns+":"+s.Name
			}
			return false
		})
	}
	rulesOf := func(ref rbacv1.RoleRef, bindingNamespace string) []rbacv1.PolicyRule {
		for _, r := range in.ClusterRoles {
			if ref.Kind == "ClusterRole" && r.Name == ref.Name {
				return r.Rules
			}
		}
		for _, r := range in.Roles {
			if ref.Kind == "Role" && r.Namespace == bindingNamespace && r.Name == ref.Name && bindingNamespace != "" {
				return r.Rules
			}
		}
		return nil
	}
	allows := func(rules []rbacv1.PolicyRule, group string) bool {
		has := func(list []string, all, one string) bool {
			return slices.Contains(list, all) || slices.Contains(list, one)
		}
		return slices.ContainsFunc(rules, func(r rbacv1.PolicyRule) bool {
			return has(r.Verbs, "*", "use") && has(r.APIGroups, "*", group) && has(r.Resources, "*", "podsecuritypolicies") &&
				(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, policy))
		})
	}
	for _, group := range []string{"policy", "extensions"} {
		for _, b := range in.ClusterRoleBindings {
			if applies(b.Subjects, "") && allows(rulesOf(b.RoleRef, ""), group) {
				return true
			}
		}
		for _, b := range in.RoleBindings {
			if b.Namespace == namespace && applies(b.Subjects, namespace) && allows(rulesOf(b.RoleRef, namespace), group) {
				return true
			}
		}
	}
	return false
}

// granted asks the same question of compiled grants, as the policies do.
func granted(g Grants, user string, groups []string, namespace, policy string) bool {
	has := func(s *Subject) bool {
		if s == nil {
			return false
		}
		for _, list := range [][]string{s.Cluster, s.Namespaces[namespace]} {
			if slices.Contains(list, policy) || slices.Equal(list, []string{AllPolicies}) {
				return true
			}
		}
		return false
	}
	return has(g.Users[user]) || slices.ContainsFunc(groups, func(group string) bool { return has(g.Groups[group]) })
}

// random makes clusters out of few names, so that much of it fits together.
type random struct{ *rand.Rand }

func (r random) of(words ...string) string { return words[r.IntN(len(words))] }

func (r random) some(n int, words ...string) []string {
	var list []string
	for range r.IntN(n + 1) {
		list = append(list, r.of(words...))
	}
	return list
}

func (r random) rules() []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for range r.IntN(3) {
		rules = append(rules, rbacv1.PolicyRule{
			Verbs:         append(r.some(1, "get", "Use"), r.of("use", "use", "*", "get")),
			APIGroups:     append(r.some(1, "", "apps"), r.of("policy", "extensions", "*", "")),
			Resources:     append(r.some(1, "pods", "podsecuritypolicies/use"), r.of("podsecuritypolicies", "podsecuritypolicies", "*", "pods")),
			ResourceNames: r.some(2, "a", "b", "c", "missing", "*"),
		})
	}
	return rules
}

func (r random) subjects() []rbacv1.Subject {
	var subjects []rbacv1.Subject
	for range r.IntN(4) {
		subjects = append(subjects, rbacv1.Subject{
			Kind:      r.of("User", "User", "Group", "ServiceAccount", "ServiceAccount", "user"),
			Name:      r.of("x", "y", "system:serviceaccount:m:x", ""),
			Namespace: r.of("", "", "m", "n"),
		})
	}
	return subjects
}

func (r random) ref() rbacv1.RoleRef {
	return rbacv1.RoleRef{Kind: r.of("ClusterRole", "ClusterRole", "Role", "Role", "role"), Name: r.of("r", "s", "t", "missing")}
}

func (r random) input() Input {
	in := Input{Policies: []string{"c", "a", "b"}}
	for _, name := range []string{"r", "s", "t"} {
		in.ClusterRoles = append(in.ClusterRoles, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: r.rules()})
		for _, ns := range []string{"m", "n"} {
			in.Roles = append(in.Roles, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Rules: r.rules()})
		}
	}
	for i := range r.IntN(4) {
		name := fmt.Sprint(i)
		in.ClusterRoleBindings = append(in.ClusterRoleBindings, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: r.ref(), Subjects: r.subjects(),
		})
		in.RoleBindings = append(in.RoleBindings, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: r.of("m", "n", ""), Name: name}, RoleRef: r.ref(), Subjects: r.subjects(),
		})
	}
	return in
}

// For every user, group, namespace and policy of a random cluster the compiled grants answer as the authorizer does, they
// do not depend on the order of the input, and they are exactly what their origins add up to.
func TestGrantsAnswerLikeTheAuthorizer(t *testing.T) {
	yes, no := 0, 0
	for seed := range uint64(3000) {
		r := random{rand.New(rand.NewPCG(seed, 1))}
		in := r.input()
		grants, provenance, _ := Compile(in)
		for _, user := range []string{"x", "y", "", "z", "system:serviceaccount:m:x", "system:serviceaccount:n:x", "system:serviceaccount:n:"} {
			for _, groups := range [][]string{nil, {"x"}, {"y", ""}} {
				for _, namespace := range []string{"m", "n", "o"} {
					for _, policy := range in.Policies {
						want := mayUse(in, user, groups, namespace, policy)
						if got := granted(grants, user, groups, namespace, policy); got != want {
							t.Fatalf("seed %d: user %q, groups %q, namespace %q, policy %q: got %v", seed, user, groups, namespace, policy, got)
						}
						if want {
							yes++
						} else {
							no++
						}
					}
				}
			}
		}
		if diff := cmp.Diff(grants, fromProvenance(provenance)); diff != "" {
			t.Fatalf("seed %d: grants do not follow from their origins:\n%s", seed, diff)
		}
		slices.Reverse(in.ClusterRoleBindings)
		slices.Reverse(in.RoleBindings)
		slices.Reverse(in.ClusterRoles)
		slices.Reverse(in.Policies)
		again, provenanceAgain, _ := Compile(in)
		if diff := cmp.Diff(grants, again) + cmp.Diff(provenance, provenanceAgain); diff != "" {
			t.Fatalf("seed %d: the order of the input matters:\n%s", seed, diff)
		}
	}
	if yes < 10_000 || no < 10_000 {
		t.Errorf("one-sided: %d yes, %d no", yes, no)
	}
}

// fromProvenance adds grants up without any sharing.
func fromProvenance(p Provenance) Grants {
	side := func(from map[string][]Grant) map[string]*Subject {
		subjects := map[string]*Subject{}
		for name, list := range from {
			s := &Subject{}
			for _, g := range list {
				if g.Namespace == "" {
					s.Cluster = join(s.Cluster, g.Policies)
				}
			}
			for _, g := range list {
				if g.Namespace == "" || contains(s.Cluster, g.Policies) {
					continue
				}
				if s.Namespaces == nil {
					s.Namespaces = map[string][]string{}
				}
				s.Namespaces[g.Namespace] = join(s.Namespaces[g.Namespace], g.Policies)
			}
			for namespace, names := range s.Namespaces {
				for _, g := range list {
					if g.Namespace == namespace {
						names = join(names, g.Policies)
					}
				}
				s.Namespaces[namespace] = names
			}
			subjects[name] = s
		}
		return subjects
	}
	return Grants{Users: side(p.Users), Groups: side(p.Groups)}
}

func join(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	if all = slices.Compact(all); slices.Contains(all, AllPolicies) {
		return []string{AllPolicies}
	}
	return all
}
