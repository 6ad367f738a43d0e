// SPDX-License-Identifier: Apache-2.0

package cases

func subject(kind, namespace, name string) Object {
	o := Object{"kind": kind, "name": name}
	switch {
	case kind == "User" || kind == "Group":
		o["apiGroup"] = rbacGroup
	case namespace != "":
		o["namespace"] = namespace
	}
	return o
}

// subjects are one or more subjects that match somebody when bound in the namespace, or everywhere
// when it is empty (section C6).
func (b *rbacBuilder) subjects(namespace string) []any {
	g := b.gen
	ns := namespace
	if ns == "" || g.chance(0.2) {
		ns = pick(g, namespaces()...)
	}
	all := []any{pick(g,
		subject("User", "", "jeff"),
		subject("User", "", "jeff"),
		subject("User", "", "ünï \"quoted\"\n"),
		subject("User", "", "system:anonymous"),
		subject("User", "", "system:node:n1"),
		subject("User", "", "system:kube-controller-manager"),
		subject("User", "", accountPrefix+ns+":builder"),
		subject("Group", "", "devs"),
		subject("Group", "", "devs"),
		subject("Group", "", authenticated),
		subject("Group", "", "system:unauthenticated"),
		subject("Group", "", serviceAccounts),
		subject("Group", "", serviceAccounts+":"+ns),
		subject("Group", "", "system:masters"),
		subject("Group", "", "system:nodes"),
		subject("ServiceAccount", ns, "default"),
		subject("ServiceAccount", ns, "builder"),
		subject("ServiceAccount", ns, "robot"),
		subject("ServiceAccount", "kube-system", "replicaset-controller"),
	)}
	if b.dialect == MKE && g.chance(0.4) {
		all = []any{subject("Group", "", authenticated+":"+ns)}
	}
	if namespace != "" && g.chance(0.1) { // the namespace of the binding is meant
		all = []any{subject("ServiceAccount", "", "builder")}
	}
	if g.chance(0.3) {
		all = append(all, b.nobody())
	}
	switch first := all[0].(Object); {
	case g.chance(0.15):
		first["apiGroup"] = pick(g, "", "wrong.example") // not read
	case g.chance(0.1):
		delete(first, "apiGroup") // defaulted
	case g.chance(0.1):
		all = append(all, first) // twice
	}
	return all
}

// nobody is a subject that matches no one, or hardly anyone.
func (b *rbacBuilder) nobody() Object {
	return pick(b.gen,
		Object{"kind": "user", "name": "jeff"},
		Object{"kind": "group", "name": authenticated},
		Object{"kind": "serviceaccount", "name": "default", "namespace": "default"},
		Object{"kind": "Robot", "name": "jeff"},
		Object{"kind": "", "name": "jeff"},
		subject("User", "", "Jeff "),
		subject("User", "", "*"),
		subject("Group", "", "*"),
		subject("Group", "", ""),
		subject("User", "", ""),
		subject("ServiceAccount", "", "default"),
		subject("ServiceAccount", "nowhere", "default"),
		subject("ServiceAccount", "default", "*"),
		subject("ServiceAccount", "default", ""),
	)
}

// nearMiss adds what looks like a grant of the policy and is none.
func (b *rbacBuilder) nearMiss(policy string) {
	g := b.gen
	namespace := pick(g, namespaces()...)
	subjects := b.subjects("")
	switch g.IntN(8) {
	case 0: // a rule that does not cover it
		name := b.name("useless")
		b.add("ClusterRole", "", name, Object{"rules": []any{b.uselessRule(policy)}})
		b.bind(pick(g, "", namespace), "ClusterRole", name, subjects...)
	case 1: // a role that is not there
		b.bind(pick(g, "", namespace), pick(g, "ClusterRole", "Role", "clusterrole", ""), "missing", subjects...)
	case 2: // a ClusterRoleBinding to a Role
		name := b.name("role")
		b.add("Role", namespace, name, Object{"rules": b.rules(policy)})
		b.bind("", "Role", name, subjects...)
	case 3: // a Role of another namespace
		name := b.name("role")
		b.add("Role", "nowhere", name, Object{"rules": b.rules(policy)})
		b.bind(namespace, "Role", name, subjects...)
	case 4: // subjects that match nobody
		name := b.name("role")
		b.add("ClusterRole", "", name, Object{"rules": b.rules(policy)})
		b.bind(pick(g, "", namespace), "ClusterRole", name, b.nobody(), b.nobody())
	case 5: // nobody at all
		name := b.name("role")
		b.add("ClusterRole", "", name, Object{"rules": b.rules(policy)})
		b.bind(pick(g, "", namespace), "ClusterRole", name)
	case 6: // the Role of that name grants, the ClusterRole is meant; or the other way round
		name := b.name("role")
		b.add("Role", namespace, name, Object{"rules": b.rules(policy)})
		b.add("ClusterRole", "", name, Object{"rules": []any{b.uselessRule(policy)}})
		b.bind(namespace, pick(g, "ClusterRole", "ClusterRole", "Role"), name, subjects...)
	default: // a grant in a namespace that nobody uses
		name := b.name("role")
		b.add("ClusterRole", "", name, Object{"rules": b.rules(policy)})
		b.bind("nowhere", "ClusterRole", name, subjects...)
	}
}

// old makes the binding one of v1alpha1, whose subjects have an apiVersion and where the user "*"
// stands for everybody who is authenticated (pkg/apis/rbac/v1alpha1/conversion.go, v1.24.17).
func (b *rbacBuilder) old(binding Object) {
	subjects, _ := binding["subjects"].([]any)
	for i, item := range subjects {
		s := cloned(item).(Object)
		delete(s, "apiGroup")
		if b.chance(0.3) {
			s["apiVersion"] = pick(b.gen, "v1", rbacGroup+"/v1alpha1", "")
		}
		subjects[i] = s
	}
	if subjects != nil && b.chance(0.2) {
		binding["subjects"] = append(subjects, Object{"kind": "User", "name": "*"})
	}
}
