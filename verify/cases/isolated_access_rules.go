// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"strings"

	"psp2rego/verify/protocol"
)

// accessAspect is one rule of RBAC. bind makes the request pass by that rule, or just not.
type accessAspect struct {
	name string
	bind func(l *lock)
}

// accessAspects are the rules of section C of the semantics: who asks (C2-C4, C6), through which binding and role (C5, C8,
// C9, C10), by which rule (C7).
func accessAspects() []accessAspect {
	return append(append(whoAsks(), whichBinding()...), whichRule()...)
}

func whoAsks() []accessAspect {
	return []accessAspect{
		{"requesting user", func(l *lock) {
			l.open(l.anywhere(), either(l, []any{l.self()},
				[]any{subject("User", "", "U"+l.user[1:]), subject("User", "", l.user+" "), subject("Group", "", l.user), subject("User", "", "*")}))
		}},
		{"requester's group", func(l *lock) {
			l.actor.user.Groups = []string{"others", l.group}
			l.open(l.anywhere(), either(l, []any{subject("Group", "", l.group)},
				[]any{subject("Group", "", strings.ToUpper(l.group)), subject("User", "", l.group), subject("Group", "", l.group+"0"), subject("Group", "", "*")}))
		}},
		{"requester that is a service account", func(l *lock) {
			l.actor.user = accountUser(l.ns, l.account)
			l.open(l.ns, either(l,
				[]any{subject("ServiceAccount", l.ns, l.account), l.named(l.account), l.accounts(), subject("Group", "", authenticated)},
				[]any{subject("ServiceAccount", "other", l.account), subject("ServiceAccount", l.ns, "other"), subject("User", "", l.account)}))
		}},
		{"pod's service account", func(l *lock) {
			l.asAccount(l.account)
			l.open(l.ns, either(l,
				[]any{subject("ServiceAccount", l.ns, l.account), l.named(l.account), l.accounts(), subject("Group", "", serviceAccounts)},
				[]any{subject("ServiceAccount", "other", l.account), subject("ServiceAccount", l.ns, "default"), subject("Group", "", authenticated)}))
		}},
		{"service account that the API fills in", func(l *lock) {
			l.asAccount("")
			l.open(l.anywhere(), subject("ServiceAccount", l.ns, either(l, []string{"default"}, []string{"", l.account})))
		}},
		{"deprecated name of the service account", func(l *lock) {
			l.asAccount(either(l, []string{""}, []string{"robot"})) // the other name counts first
			l.deprecated = l.account
			l.open(l.anywhere(), subject("ServiceAccount", l.ns, l.account))
		}},
		{"pod without a service account", func(l *lock) {
			l.open(l.ns, either(l, []any{l.self()}, []any{l.accounts(), subject("Group", "", serviceAccounts), subject("ServiceAccount", l.ns, "")}))
		}},
		{"whoever updates", func(l *lock) {
			l.update = true
			l.asAccount(l.account)
			l.open(l.anywhere(), either(l, []any{l.self(), subject("ServiceAccount", l.ns, l.account)}, []any{subject("User", "", "creator")}))
		}},
		{"group of the namespace in MKE", func(l *lock) {
			l.actor.user.Groups = []string{authenticated}
			if l.chance(0.3) {
				l.actor.user = either(l, []protocol.UserInfo{{Username: l.user}}, []protocol.UserInfo{accountUser("other", l.account)})
			}
			l.open(l.anywhere(), subject("Group", "", authenticated+":"+either(l, []string{l.ns}, []string{"other", ""})))
		}},
	}
}

func whichBinding() []accessAspect {
	return []accessAspect{
		{"namespace of the binding", func(l *lock) {
			l.open(either(l, []string{l.ns}, []string{"other", l.ns + "0"}), l.self())
		}},
		{"namespace of the role", func(l *lock) {
			name := l.name("role")
			l.add("Role", either(l, []string{l.ns}, []string{"other"}), name, Object{"rules": []any{useOf(l.policy)}})
			l.bind(l.ns, "Role", name, l.self())
		}},
		{"kind of the role", func(l *lock) {
			namespace := l.anywhere()
			l.bind(namespace, either(l, []string{"ClusterRole"}, []string{"Role", "clusterrole", ""}), l.role(nil), l.self())
		}},
		{"Role for a whole cluster", func(l *lock) {
			name := l.name("role")
			l.add("Role", l.ns, name, Object{"rules": []any{useOf(l.policy)}})
			l.bind(either(l, []string{l.ns}, []string{""}), "Role", name, l.self())
		}},
		{"missing role", func(l *lock) {
			l.bind(l.anywhere(), pick(l.gen, "ClusterRole", "Role"), "missing", l.self())
			if l.chance(0.5) {
				l.open(l.anywhere(), l.self())
			}
		}},
		{"service account without a namespace", func(l *lock) {
			l.asAccount(l.account)
			l.open(either(l, []string{l.ns}, []string{""}), subject("ServiceAccount", "", l.account))
		}},
		{"kind of the subject", func(l *lock) {
			s := l.self()
			s["kind"] = either(l, []string{"User"}, []string{"user", "Robot", "", "ServiceAccount"})
			s["apiGroup"] = pick(l.gen, rbacGroup, "", "not.read") // not read
			l.open(l.anywhere(), s)
		}},
		{"cluster-admin and masters", func(l *lock) {
			l.actor.user.Groups = []string{"system:masters"} // no superusers here
			name := l.role(Object{"verbs": []string{"*"}, "apiGroups": []string{"*"}, "resources": []string{"*"}, "resourceNames": nil})
			l.bind(l.ns, "ClusterRole", name, either(l, []any{subject("Group", "", "system:masters"), l.self()}, []any{subject("Group", "", "masters")}))
		}},
		{"aggregated role", func(l *lock) {
			name := l.aggregated([]any{useOf(either(l, []string{l.policy}, []string{"other"}))})
			l.bind(l.anywhere(), "ClusterRole", name, l.self())
		}},
		{"several bindings", func(l *lock) {
			l.actor.user.Groups = []string{l.group}
			l.asAccount(l.account)
			subjects := []any{l.self(), subject("Group", "", l.group), subject("ServiceAccount", l.ns, l.account)}
			for range l.IntN(4) {
				l.policy = pick(l.gen, policyNames()...) // perhaps one that is not there
				l.open(l.anywhere(), pick(l.gen, subjects...), l.nobody())
			}
		}},
	}
}

func whichRule() []accessAspect {
	// A rule with one member replaced by lists that match or do not.
	replaced := func(key string, right, wrong func(l *lock) [][]string) func(l *lock) {
		return func(l *lock) {
			l.bind(l.anywhere(), "ClusterRole", l.role(Object{key: either(l, right(l), wrong(l))}), l.self())
		}
	}
	lists := func(all ...[]string) func(*lock) [][]string { return func(*lock) [][]string { return all } }
	return []accessAspect{
		{"verbs", replaced("verbs", lists([]string{"*"}, []string{"get", "use"}), lists([]string{"Use"}, []string{"get", "use "}, []string{}))},
		{"API groups", replaced("apiGroups", lists([]string{"*"}, []string{"extensions"}, []string{"", "policy"}),
			lists([]string{""}, []string{"Policy", "policy/v1beta1"}, []string{}, []string{"apps"}))},
		{"resources", replaced("resources", lists([]string{"*"}, []string{"pods", "podsecuritypolicies"}),
			lists([]string{"podsecuritypolicies/use"}, []string{"podsecuritypolicies/*", "*/*"}, []string{"PodSecurityPolicies"}, []string{}))},
		{"resource names", replaced("resourceNames",
			func(l *lock) [][]string { return [][]string{nil, {}, {"other", l.policy}} },
			func(l *lock) [][]string { return [][]string{{"*"}, {l.policy + "x"}, {""}} })},
		{"URLs", func(l *lock) {
			rule := either(l, []Object{useOf(l.policy)}, []Object{{"verbs": []string{"use", "*"}, "nonResourceURLs": []string{"*"}}})
			name := l.name("role")
			l.add("ClusterRole", "", name, Object{"rules": []any{l.uselessRule(l.policy), rule}})
			l.bind(l.anywhere(), "ClusterRole", name, l.self())
		}},
	}
}

// named is a service account of the namespace as a user, spelled out.
func (l *lock) named(account string) Object {
	return subject("User", "", accountPrefix+l.ns+":"+account)
}

// accounts are all service accounts of the namespace as a group.
func (l *lock) accounts() Object { return subject("Group", "", serviceAccounts+":"+l.ns) }
