// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"fmt"
	"strings"
)

// rbac makes the roles and bindings of a cluster: grants of its policies by every rule of section C
// of the semantics, and what only looks like a grant.
func (g *gen) rbac(policies []*Policy, dialect string) []Object {
	b := &rbacBuilder{gen: g, dialect: dialect}
	for _, p := range policies {
		for g.chance(g.settings.Granted) {
			b.grant(p.Name())
			if g.chance(0.7) {
				break
			}
		}
	}
	for range int(g.settings.NearMisses * 2 * g.Float64()) {
		name := "nowhere"
		if len(policies) > 0 {
			name = pick(g, policies...).Name()
		}
		b.nearMiss(name)
	}
	if g.chance(0.3) {
		b.clusterAdmin()
	}
	return b.objects
}

// rbacBuilder collects roles and bindings under names of their own.
type rbacBuilder struct {
	*gen
	dialect string
	objects []Object
	serial  int
}

const rbacGroup = "rbac.authorization.k8s.io"

func (b *rbacBuilder) add(kind, namespace, name string, fields Object) Object {
	version := rbacGroup + "/v1"
	if b.chance(0.15) {
		version = rbacGroup + pick(b.gen, "/v1beta1", "/v1alpha1")
	}
	metadata := Object{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	o := Object{"apiVersion": version, "kind": kind, "metadata": metadata}
	for key, value := range fields {
		o[key] = value
	}
	if version == rbacGroup+"/v1alpha1" {
		b.old(o)
	}
	b.objects = append(b.objects, o)
	return o
}

func (b *rbacBuilder) name(stem string) string {
	b.serial++
	return fmt.Sprintf("%s-%d", stem, b.serial)
}

// grant binds somebody to a role that may use the policy.
func (b *rbacBuilder) grant(policy string) {
	namespace := ""
	if b.chance(0.4) {
		namespace = pick(b.gen, namespaces()...)
	}
	rules := b.rules(policy)
	switch {
	case namespace == "" && b.chance(0.15):
		b.bind("", "ClusterRole", b.aggregated(rules), b.subjects(namespace)...)
	case namespace != "" && b.chance(0.4):
		name := b.name("role")
		b.add("Role", namespace, name, Object{"rules": rules})
		b.bind(namespace, "Role", name, b.subjects(namespace)...)
		if b.chance(0.3) { // another role of that name
			b.add("ClusterRole", "", name, Object{"rules": []any{b.uselessRule(policy)}})
		}
	default:
		name := b.name("role")
		b.add("ClusterRole", "", name, Object{"rules": rules})
		b.bind(namespace, "ClusterRole", name, b.subjects(namespace)...)
		if b.chance(0.2) { // the same role, elsewhere
			other := pick(b.gen, namespaces()...)
			b.bind(other, "ClusterRole", name, b.subjects(other)...)
		}
	}
}

// rules are rules of which at least one covers `use` on the policy.
func (b *rbacBuilder) rules(policy string) []any {
	g := b.gen
	good := Object{
		"verbs":     pick(g, []string{"use"}, []string{"use"}, []string{"use"}, []string{"*"}, []string{"get", "use"}),
		"apiGroups": pick(g, []string{"policy"}, []string{"policy"}, []string{"extensions"}, []string{"policy", "extensions"}, []string{"*"}, []string{"", "extensions"}),
		"resources": pick(g, []string{"podsecuritypolicies"}, []string{"podsecuritypolicies"}, []string{"*"}, []string{"pods", "podsecuritypolicies"}),
	}
	switch g.IntN(16) {
	case 0: // every policy
	case 1:
		good["resourceNames"] = []string{}
	case 2, 3:
		good["resourceNames"] = []string{"other", policy, policy}
	default:
		good["resourceNames"] = []string{policy}
	}
	rules := []any{good}
	if g.chance(0.2) {
		rules = append(rules, b.uselessRule(policy))
	}
	if g.chance(0.3) {
		g.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
	}
	return rules
}

// uselessRule looks as if it covered `use` on the policy.
func (b *rbacBuilder) uselessRule(policy string) Object {
	use, groups, psps := []string{"use"}, []string{"policy", "extensions"}, []string{"podsecuritypolicies"}
	return pick(b.gen,
		Object{"verbs": use, "apiGroups": groups, "resources": psps, "resourceNames": []string{"*"}},
		Object{"verbs": use, "apiGroups": groups, "resources": psps, "resourceNames": []string{policy + "x", ""}},
		Object{"verbs": []string{"Use", "get", "list", "use "}, "apiGroups": groups, "resources": psps},
		Object{"verbs": use, "apiGroups": []string{"", "Policy", "policy/v1beta1"}, "resources": psps},
		Object{"verbs": use, "apiGroups": groups, "resources": []string{"podsecuritypolicies/use", "podsecuritypolicies/*", "*/*", "*/x"}},
		Object{"verbs": use, "apiGroups": groups, "resources": []string{"PodSecurityPolicies", "podsecuritypolicy"}},
		Object{"verbs": use, "nonResourceURLs": []string{"*"}},
		Object{"verbs": []string{"*"}, "apiGroups": []string{"apps"}, "resources": []string{"*"}},
		Object{"verbs": []string{}, "apiGroups": groups, "resources": psps},
		Object{"verbs": use},
		Object{"verbs": []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"},
			"apiGroups": []string{"*"}, "resources": []string{"*"}}, // as the bootstrap roles admin and edit (C9)
		Object{"verbs": use, "apiGroups": groups, "resources": psps, "resourceNames": []string{strings.ToUpper(policy), policy[:len(policy)-1]}},
	)
}

// bind binds subjects to a role, in one namespace or, when it is empty, everywhere.
func (b *rbacBuilder) bind(namespace, roleKind, roleName string, subjects ...any) Object {
	kind := "RoleBinding"
	if namespace == "" {
		kind = "ClusterRoleBinding"
	}
	ref := Object{"apiGroup": rbacGroup, "kind": roleKind, "name": roleName}
	if b.chance(0.1) {
		ref["apiGroup"] = pick(b.gen, "", "wrong.example") // not read (C6)
	}
	return b.add(kind, namespace, b.name("binding"), Object{"roleRef": ref, "subjects": subjects})
}

// clusterAdmin adds the bootstrap role, bound to system:masters (C8) or, inside one namespace, to
// somebody else (C9).
func (b *rbacBuilder) clusterAdmin() {
	b.add("ClusterRole", "", "cluster-admin", Object{"rules": []any{
		Object{"verbs": []string{"*"}, "apiGroups": []string{"*"}, "resources": []string{"*"}},
		Object{"verbs": []string{"*"}, "nonResourceURLs": []string{"*"}},
	}})
	if b.chance(0.7) {
		b.bind("", "ClusterRole", "cluster-admin", subject("Group", "", "system:masters"))
	}
	if b.chance(0.4) {
		namespace := pick(b.gen, namespaces()...)
		b.bind(namespace, "ClusterRole", "cluster-admin", b.subjects(namespace)...)
	}
}
