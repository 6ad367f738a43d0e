// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"strings"

	"psp2rego/verify/protocol"
)

// actor is who asks, for which namespace, and as which service account the pod would run.
type actor struct {
	user      protocol.UserInfo
	namespace string
	// account is the pod's service account; empty leaves it to the API's default.
	account string
	// accountless lets the pod have no service account at all, so that the requester alone counts.
	accountless bool
}

const (
	authenticated   = "system:authenticated"
	serviceAccounts = "system:serviceaccounts"
	accountPrefix   = "system:serviceaccount:"
)

// namespace is one for a request: one of the cluster's own, where they are known.
func (g *gen) namespace() string {
	if g.cluster != nil && len(g.cluster.Namespaces) > 0 {
		return pick(g, g.cluster.Namespaces...)
	}
	return pick(g, namespaces()...)
}

func namespaces() []string { return []string{"default", "team-a", "team-a-b", "kube-system"} }

// accountUser is the user as which a service account makes requests.
func accountUser(namespace, name string) protocol.UserInfo {
	return protocol.UserInfo{
		Username: accountPrefix + namespace + ":" + name,
		Groups:   []string{serviceAccounts, serviceAccounts + ":" + namespace, authenticated},
	}
}

// stranger is someone whom bindings name only by chance, or through the groups everyone is in.
func (g *gen) stranger() actor {
	a := actor{namespace: g.namespace()}
	a.user = pick(g,
		protocol.UserInfo{Username: "nobody", Groups: []string{authenticated}},
		protocol.UserInfo{Username: "jeff", Groups: []string{"devs", authenticated}},
		protocol.UserInfo{Username: "Jeff", Groups: []string{"Devs", authenticated}},
		protocol.UserInfo{Username: "groupless"},
		protocol.UserInfo{Username: "system:anonymous", Groups: []string{"system:unauthenticated"}},
		protocol.UserInfo{Username: "admin", Groups: []string{"system:masters", authenticated}},
		protocol.UserInfo{Username: "system:kube-controller-manager", Groups: []string{authenticated}},
		protocol.UserInfo{Username: "system:node:n1", Groups: []string{"system:nodes", authenticated}},
		protocol.UserInfo{Username: "ünï \"quoted\"\n", Groups: []string{"*", "", authenticated}},
		protocol.UserInfo{Username: "", Groups: []string{authenticated}},
		accountUser("kube-system", "replicaset-controller"),
		accountUser(a.namespace, "default"),
		accountUser("team-a", "builder"),
	)
	if g.chance(0.2) {
		a.account = pick(g, "builder", "default", "robot")
	}
	return a
}

// granted is someone whom some binding gives the policy, as it seems; a stranger when there is none.
func (g *gen) granted(policy string) actor {
	var fitting []grant
	for _, candidate := range g.cluster.grants {
		if candidate.policy == policy {
			fitting = append(fitting, candidate)
		}
	}
	if len(fitting) == 0 {
		return g.stranger()
	}
	chosen := pick(g, fitting...)
	if g.cluster.only {
		return g.lonely(chosen)
	}
	a := g.stranger()
	a.user = protocol.UserInfo{Username: "someone", Groups: []string{authenticated}}
	if chosen.namespace != "" {
		a.namespace = chosen.namespace
	}
	g.become(&a, chosen)
	return a
}

// syntheticNamespace is one that no binding names.
const syntheticNamespace = "psp2rego"

// lonely is a synthetic requester, mostly without the groups, and a pod without the service account,
// by which everyone may use some policy: so that its own policy decides.
func (g *gen) lonely(chosen grant) actor {
	a := actor{user: protocol.UserInfo{Username: chosen.name}, namespace: syntheticNamespace, accountless: true}
	if g.chance(0.1) {
		a.user.Groups, a.namespace, a.accountless = []string{authenticated}, pick(g, namespaces()...), false
	}
	return a
}

func (g *gen) become(a *actor, chosen grant) {
	switch chosen.kind {
	case "User":
		ns, name, ok := splitAccount(chosen.name)
		if !ok {
			a.user.Username = chosen.name
			return
		}
		g.becomeAccount(a, chosen, ns, name)
	case "ServiceAccount":
		g.becomeAccount(a, chosen, chosen.subjectNS, chosen.name)
	case "Group":
		g.joinGroup(a, chosen)
	}
}

// becomeAccount makes the account the requester or, where it lives in the right namespace, the
// pod's own.
func (g *gen) becomeAccount(a *actor, chosen grant, namespace, name string) {
	fits := namespace != "" && (chosen.namespace == "" || chosen.namespace == namespace)
	if fits && g.chance(0.7) {
		a.namespace, a.account = namespace, name
		return
	}
	a.user = accountUser(namespace, name)
}

func (g *gen) joinGroup(a *actor, chosen grant) {
	ns, ofNamespace := strings.CutPrefix(chosen.name, serviceAccounts+":")
	mkeNS, ofMKE := strings.CutPrefix(chosen.name, authenticated+":")
	switch {
	case chosen.name == serviceAccounts:
		if g.chance(0.3) {
			a.user = accountUser("kube-system", "replicaset-controller")
		}
	case ofNamespace && (chosen.namespace == "" || chosen.namespace == ns) && g.chance(0.7):
		a.namespace = ns
	case ofNamespace:
		a.user = accountUser(ns, "builder")
	case ofMKE && g.cluster.Dialect == MKE:
		a.namespace = mkeNS
	case chosen.name != authenticated:
		a.user.Groups = append([]string{chosen.name}, a.user.Groups...)
	}
}

func splitAccount(user string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(user, accountPrefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ":")
}
