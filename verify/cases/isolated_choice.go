// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"fmt"
	"strings"

	"psp2rego/verify/protocol"
)

// dashed turns the name of a field into one for an object.
func dashed(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('-')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// trivial turns a lax policy into one that allows every pod, refuses every pod, changes every pod but settled ones, or
// cannot be used.
func (g *gen) trivial(p *Policy) {
	yes := true
	must := func(ranges ...Range) IDStrategy { return IDStrategy{Rule: "MustRunAs", Ranges: ranges} }
	allows := func() {}
	refuses := []func(){
		func() { p.annotate(appArmorAllowed, "") },
		func() { p.annotate(seccompAllowed, "localhost/nobody") },
		func() { p.Spec.AllowedProcMountTypes = []string{"*"} },
	}
	changes := []func(){
		func() { p.Spec.ReadOnlyRootFilesystem = true },
		func() { p.Spec.DefaultAllowEscalation = &yes },
		func() { p.Spec.RunAsUser = must(Range{1, 1000}) },
		func() { p.Spec.FSGroup = must(Range{1, 1000}) },
		func() { p.Spec.RequiredDropCapabilities = []string{"KILL"} },
	}
	unusable := []func(){
		func() { p.Spec.RunAsUser = must() },
		func() { p.Spec.SELinux.Rule = "MustRunAs" },
		func() { p.Spec.FSGroup = IDStrategy{Rule: "mayRunAs"} },
		func() { p.Spec.SupplementalGroups = IDStrategy{Rule: ""} },
		func() { p.Spec.RunAsGroup = &IDStrategy{Rule: "MayRunAs"} },
	}
	pick(g, allows, allows, pick(g, changes...), pick(g, changes...), pick(g, changes...), pick(g, refuses...), pick(g, unusable...))()
}

// settledPod is a pod that leaves nothing to fill in for the policies that trivial makes.
func (g *gen) settledPod() pod {
	p := g.newPod()
	p.securityContext()["fsGroup"] = 5
	for _, c := range p.containers() {
		sc := c.securityContext()
		sc["runAsUser"], sc["readOnlyRootFilesystem"], sc["allowPrivilegeEscalation"] = 5, true, false
		sc["capabilities"] = Object{"drop": []any{"KILL"}}
	}
	return p
}

const requestersPerChoice = 16

// TrivialPolicies is a cluster of policies that allow, refuse or change everything or are of no use, under names whose
// order is easy to get wrong. Each requester may use some of them. Pods are bare or settled, created or updated, with any
// policy's name in their annotation; the aspect tells those apart.
func TrivialPolicies(settings Settings, seed uint64, index int) *Isolated {
	g := newGen(settings, seed, uint64(index), streamChoice)
	low, high := 4, settings.MaxPolicies
	if index%8 == 7 {
		low, high = 0, 2
	}
	var policies []*Policy
	for _, name := range some(g, low, high, policyNames()...) {
		p := lax(name)
		g.trivial(p)
		policies = append(policies, p)
	}
	b := &rbacBuilder{gen: g, dialect: Kubernetes}
	requesters := make([]actor, requestersPerChoice)
	for i := range requesters {
		requesters[i] = actor{user: protocol.UserInfo{Username: fmt.Sprintf("user-%d", i)}, namespace: "default", accountless: true}
		var names []string
		for _, p := range some(g, 0, 5, policies...) {
			names = append(names, p.Name())
		}
		if len(names) == 0 {
			continue
		}
		role := b.name("role")
		b.add("ClusterRole", "", role, Object{"rules": []any{useOf(names...)}})
		b.bind("", "ClusterRole", role, subject("User", "", requesters[i].user.Username))
	}
	made := g.newIsolated(Kubernetes, index, policies, b.objects)
	for _, a := range requesters {
		bare, settled := g.newPod(), g.settledPod()
		hinted := settled.clone()
		g.hint(hinted)
		made.add("creation of a bare pod", g.create(a, bare))
		made.add("creation of a settled pod", g.create(a, pick(g, settled, hinted)))
		made.add("update", g.relabelled(a, bare))
		made.add("update with a hint", g.relabelled(a, hinted))
	}
	return made
}

// useOf is a rule that lets its subjects use the policies.
func useOf(policies ...string) Object {
	return Object{
		"verbs": []string{"use"}, "apiGroups": []string{"policy"},
		"resources": []string{"podsecuritypolicies"}, "resourceNames": policies,
	}
}

// relabelled is the request that changes nothing of a stored pod but a label.
func (g *gen) relabelled(a actor, p pod) *protocol.Request {
	old := p.clone()
	old.meta()["namespace"], old.meta()["uid"], old.meta()["resourceVersion"] = a.namespace, "0e3f0a5e-0001", "41"
	a.dress(old)
	changed := old.clone()
	member(changed.meta(), "labels")["tier"] = "web"
	return g.update(a, changed, old)
}
