// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"cmp"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"psp2rego/translate/diagnostic"
)

// Compile works out who may use which policy. What it cannot follow (a missing role, an unknown subject kind) grants
// nothing, as in the cluster, and is reported. The result does not depend on the order of the input.
//
// A ClusterRole with an aggregationRule and no rules, as people write it, gets the rules that the cluster's controller
// would give it; with rules, as a cluster returns it, those are taken as they are.
func Compile(in Input) (Grants, Provenance, []Problem) {
	c := newCompiler(in)
	for _, b := range sorted(in.ClusterRoleBindings) {
		c.bind(binding{
			kind: "ClusterRoleBinding", name: b.Name, id: "ClusterRoleBinding/" + b.Name,
			ref: b.RoleRef, subjects: b.Subjects,
		})
	}
	for _, b := range sorted(in.RoleBindings) {
		c.bind(binding{
			kind: "RoleBinding", namespace: b.Namespace, name: b.Name, id: "RoleBinding/" + b.Namespace + "/" + b.Name,
			ref: b.RoleRef, subjects: b.Subjects,
		})
	}
	c.missingRoles()
	u := &unions{names: map[string][]string{}}
	grants := Grants{Users: u.subjects(c.users), Groups: u.subjects(c.groups)}
	return grants, Provenance{Users: strip(c.users), Groups: strip(c.groups)}, c.problems
}

// named is any object with a name in a namespace.
type named interface {
	GetNamespace() string
	GetName() string
}

// sorted is a copy ordered by namespace and name.
func sorted[T named](objects []T) []T {
	objects = slices.Clone(objects)
	slices.SortFunc(objects, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return objects
}

// binding is a ClusterRoleBinding (its namespace is "") or a RoleBinding.
type binding struct {
	kind, namespace, name, id string
	ref                       rbacv1.RoleRef
	subjects                  []rbacv1.Subject
}

// source is a grant and the role it comes from.
type source struct {
	Grant
	role *role
}

// compiler collects grants by subject.
type compiler struct {
	policies      map[string]bool
	clusterRoles  map[string]*role
	roles         map[[2]string]*role // by namespace and name
	users, groups map[string][]source
	missing       map[string]*missingRole
	missingOrder  []string
	problems      []Problem
}

func newCompiler(in Input) *compiler {
	c := &compiler{
		policies:     make(map[string]bool, len(in.Policies)),
		clusterRoles: make(map[string]*role, len(in.ClusterRoles)),
		roles:        make(map[[2]string]*role, len(in.Roles)),
		users:        map[string][]source{},
		groups:       map[string][]source{},
		missing:      map[string]*missingRole{},
	}
	for _, name := range in.Policies {
		c.policies[name] = true
	}
	clusterRoles := sorted(in.ClusterRoles)
	aggregated := c.aggregate(clusterRoles)
	for _, r := range clusterRoles {
		rules := r.Rules
		if len(rules) == 0 {
			rules = aggregated[r.Name]
		}
		c.clusterRoles[r.Name] = c.newRole("ClusterRole/"+r.Name, rules)
		c.inspect(Problem{Kind: "ClusterRole", Name: r.Name}, r.Rules)
		c.stale(r, aggregated[r.Name])
	}
	for _, r := range sorted(in.Roles) {
		c.roles[[2]string{r.Namespace, r.Name}] = c.newRole("Role/"+r.Namespace+"/"+r.Name, r.Rules)
		c.inspect(Problem{Kind: "Role", Namespace: r.Namespace, Name: r.Name}, r.Rules)
	}
	return c
}

// bind grants what a binding's role allows to its subjects (VisitRulesFor and GetRoleReferenceRules of
// pkg/registry/rbac/validation/rule.go, v1.24.17). roleRef.apiGroup is not read.
func (c *compiler) bind(b binding) {
	r := c.resolve(b)
	if r == nil || len(r.policies) == 0 {
		return
	}
	c.inspectBinding(b)
	if b.kind == "RoleBinding" && b.namespace == "" {
		return // no pod is in this namespace
	}
	g := source{Grant{Policies: r.policies, Binding: b.id, Role: r.id, Namespace: b.namespace}, r}
	for _, s := range b.subjects {
		switch s.Kind {
		case rbacv1.UserKind:
			grant(c.users, s.Name, g)
		case rbacv1.GroupKind:
			grant(c.groups, s.Name, g)
		case rbacv1.ServiceAccountKind:
			if namespace := cmp.Or(s.Namespace, b.namespace); namespace != "" {
				grant(c.users, "system:serviceaccount:"+namespace+":"+s.Name, g)
			}
		}
	}
}

// grant adds a grant to a subject, once for each binding.
func grant(to map[string][]source, name string, g source) {
	list := to[name]
	if n := len(list); n > 0 && list[n-1].Binding == g.Binding {
		return
	}
	to[name] = append(list, g)
}

// resolve is the role that a binding refers to, nil if there is none.
func (c *compiler) resolve(b binding) *role {
	switch b.ref.Kind {
	case "ClusterRole":
		if r := c.clusterRoles[b.ref.Name]; r != nil {
			return r
		}
		c.miss(b, fmt.Sprintf("ClusterRole %q is not in the input", b.ref.Name))
	case "Role":
		if b.kind == "ClusterRoleBinding" {
			c.miss(b, fmt.Sprintf("a ClusterRoleBinding cannot refer to a Role (%q)", b.ref.Name))
			return nil
		}
		if r := c.roles[[2]string{b.namespace, b.ref.Name}]; r != nil {
			return r
		}
		c.miss(b, fmt.Sprintf("Role %q is not in the input", b.namespace+"/"+b.ref.Name))
	default:
		c.miss(b, fmt.Sprintf("roleRef.kind %q is neither ClusterRole nor Role", b.ref.Kind))
	}
	return nil
}

// missingRole gathers the bindings that refer to one missing role.
type missingRole struct {
	problem Problem // at the first of them
	count   int
}

func (c *compiler) miss(b binding, message string) {
	if m := c.missing[message]; m != nil {
		m.count++
		return
	}
	p := Problem{
		Kind: b.kind, Namespace: b.namespace, Name: b.name, Field: "roleRef.name",
		Severity: diagnostic.Warning, Code: diagnostic.MissingRole, Message: message,
		Hint: "add the role to the input, or delete the binding if the cluster has no such role either",
	}
	switch {
	case b.kind == "ClusterRoleBinding" && b.ref.Kind != "ClusterRole":
		p.Field, p.Hint = "roleRef.kind", "roleRef.kind of a ClusterRoleBinding is ClusterRole"
	case b.ref.Kind != "ClusterRole" && b.ref.Kind != "Role":
		p.Field, p.Hint = "roleRef.kind", "roleRef.kind is ClusterRole or Role, spelled exactly so"
	}
	c.missing[message] = &missingRole{count: 1, problem: p}
	c.missingOrder = append(c.missingOrder, message)
}

// missingRoles reports each missing role once.
func (c *compiler) missingRoles() {
	for _, message := range c.missingOrder {
		m := c.missing[message]
		m.problem.Message += ", so the binding grants nothing"
		if m.count > 1 {
			m.problem.Message += fmt.Sprintf("; the same holds for %d more", m.count-1)
		}
		c.problems = append(c.problems, m.problem)
	}
}
