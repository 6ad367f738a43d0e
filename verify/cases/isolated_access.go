// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"fmt"

	"psp2rego/verify/protocol"
)

const (
	allowAllPolicies  = 5
	requestsPerAspect = 8
)

// AllowAll is a cluster whose policies all accept every pod, so that nothing but RBAC decides. For each rule of RBAC, which
// is the aspect, there are requests that the rule lets through and requests that it does not, by requesters and in
// namespaces of their own. Every other cluster speaks the mke dialect.
func AllowAll(settings Settings, seed uint64, index int) *Isolated {
	g := newGen(settings, seed, uint64(index), streamAccess)
	dialect := Kubernetes
	if index%2 == 1 {
		dialect = MKE
	}
	var policies []*Policy
	for _, name := range some(g, allowAllPolicies, allowAllPolicies, policyNames()...) {
		policies = append(policies, lax(name))
	}
	b := &rbacBuilder{gen: g, dialect: dialect}
	type asked struct {
		aspect string
		*lock
	}
	var all []asked
	for _, aspect := range accessAspects() {
		for range requestsPerAspect {
			l := newLock(b, pick(g, policies...).Name(), len(all))
			aspect.bind(l)
			all = append(all, asked{aspect.name, l})
		}
	}
	made := g.newIsolated(dialect, index, policies, b.objects)
	for _, a := range all {
		p := g.newPod()
		if a.update {
			made.add(a.aspect, g.relabelled(a.actor, p))
			continue
		}
		a.actor.dress(p)
		if a.deprecated != "" {
			p.spec()["serviceAccount"] = a.deprecated
		}
		made.add(a.aspect, g.create(a.actor, p))
	}
	return made
}

// lock is one request of AllowAll while its roles and bindings are made: names that no other request uses, the policy
// that may be used, and who asks.
type lock struct {
	*rbacBuilder
	policy                   string
	ns, user, group, account string
	actor                    actor
	// deprecated is the pod's service account by the name that the field had before.
	deprecated string
	// update asks for a pod that is there already.
	update bool
}

// newLock has a requester without groups and a pod without service account.
func newLock(b *rbacBuilder, policy string, n int) *lock {
	l := &lock{rbacBuilder: b, policy: policy}
	l.ns, l.user = fmt.Sprintf("ns-%d", n), fmt.Sprintf("user-%d", n)
	l.group, l.account = fmt.Sprintf("group-%d", n), fmt.Sprintf("account-%d", n)
	l.actor = actor{namespace: l.ns, user: protocol.UserInfo{Username: l.user}, accountless: true}
	return l
}

// either is one of the values: one of the right ones as often as one of the wrong ones.
func either[T any](l *lock, right, wrong []T) T {
	if l.chance(0.5) {
		return pick(l.gen, right...)
	}
	return pick(l.gen, wrong...)
}

// role adds a ClusterRole that lets its subjects use the policy, with some members of its rule replaced.
func (l *lock) role(with Object) string {
	rule := useOf(l.policy)
	for key, value := range with {
		rule[key] = value
	}
	name := l.name("role")
	l.add("ClusterRole", "", name, Object{"rules": []any{rule}})
	return name
}

// open binds subjects to a role that lets them use the policy: everywhere or, with a namespace, there.
func (l *lock) open(namespace string, subjects ...any) {
	l.bind(namespace, "ClusterRole", l.role(nil), subjects...)
}

// anywhere is no namespace or the request's own: where a binding holds for the request.
func (l *lock) anywhere() string { return pick(l.gen, "", l.ns) }

// self is the requester as a subject.
func (l *lock) self() Object { return subject("User", "", l.user) }

// asAccount lets the pod run as a service account.
func (l *lock) asAccount(name string) { l.actor.account, l.actor.accountless = name, false }
