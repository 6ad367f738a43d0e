// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"fmt"
	"slices"
	"strings"

	"psp2rego/translate/diagnostic"
	"psp2rego/translate/rbac"
)

// grants works out who may use which policy and what is odd about that.
func (l *loader) grants() {
	grants, provenance, problems := rbac.Compile(l.rbac)
	l.cluster.Grants, l.cluster.Provenance = grants, provenance
	for _, p := range problems {
		o := l.index[id{p.Kind, p.Namespace, p.Name}].object
		l.add(o, p.Severity, p.Code, p.Field, p.Message, p.Hint)
	}
	l.masters()
	l.ungranted()
}

// masters warns if administrators would be locked out: admission is given an authorizer without the superuser group, so
// members of system:masters use policies only through the binding that every cluster starts with
// (plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, v1.24.17).
func (l *loader) masters() {
	if s := l.cluster.Grants.Groups["system:masters"]; s != nil && slices.Equal(s.Cluster, []string{rbac.AllPolicies}) {
		return
	}
	l.add(nil, diagnostic.Warning, diagnostic.NoMasters, "",
		"nothing in the input lets group system:masters use every policy, so administrators may be refused like everybody else",
		"clusters have a ClusterRoleBinding of ClusterRole cluster-admin to Group system:masters; add both to the input")
}

// ungranted reports policies that nobody may use.
func (l *loader) ungranted() {
	granted := map[string]bool{}
	seen := map[*string]bool{} // subjects share lists
	mark := func(names []string) {
		if len(names) == 0 || seen[&names[0]] {
			return
		}
		seen[&names[0]] = true
		for _, name := range names {
			granted[name] = true
		}
	}
	for _, subjects := range []map[string]*rbac.Subject{l.cluster.Grants.Users, l.cluster.Grants.Groups} {
		for _, s := range subjects {
			mark(s.Cluster)
			for _, policies := range s.Namespaces {
				mark(policies)
			}
		}
	}
	if granted[rbac.AllPolicies] {
		return
	}
	var names []string
	for _, p := range l.cluster.Policies {
		if !granted[p.Name] {
			names = append(names, quote(p.Name))
		}
	}
	switch {
	case len(names) == len(l.cluster.Policies):
		l.add(nil, diagnostic.Warning, diagnostic.NoGrants, "",
			"nothing in the input lets anybody use any policy, so every pod will be refused",
			"add the roles that allow use of podsecuritypolicies, and their bindings, to the input")
	case len(names) > 0:
		l.add(nil, diagnostic.Note, diagnostic.Ungranted, "",
			fmt.Sprintf("%d of %d policies are granted to nobody: %s", len(names), len(l.cluster.Policies), enumerate(names)), "")
	}
}

// enumerate lists the first few names.
func enumerate(names []string) string {
	const shown = 10
	if len(names) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	return strings.Join(names, ", ")
}
