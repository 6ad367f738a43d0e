// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"slices"

	"psp2rego/verify/protocol"
)

// group makes one group of cases of some kind.
func (g *gen) group() []Case {
	s := g.settings
	n := g.IntN(s.Focus + s.Updates + s.Hostile + s.Others)
	switch {
	case n < s.Focus:
		return g.focusGroup()
	case n < s.Focus+s.Updates:
		return []Case{g.updateCase(), g.updateCase()}
	case n < s.Focus+s.Updates+s.Hostile:
		return []Case{g.hostileCase(), g.hostileCase()}
	}
	return []Case{g.otherCase(), g.otherCase()}
}

// target picks the policy that a case aims at, and someone who asks.
func (g *gen) target() (*Policy, actor) {
	if len(g.cluster.Policies) == 0 {
		return lax("none"), g.stranger()
	}
	p := pick(g, g.cluster.Policies...)
	if g.chance(g.settings.Strangers) && !g.cluster.only {
		return p, g.stranger()
	}
	if granted := g.cluster.granted(); len(granted) > 0 && g.chance(0.95) {
		p = pick(g, granted...)
	}
	return p, g.granted(p.Name())
}

// focusGroup is a pod that complies with a policy and the same pod at the edges of one check.
func (g *gen) focusGroup() []Case { return g.focusOn(g.target()) }

func (g *gen) focusOn(p *Policy, a actor) []Case {
	c := g.checkOf(p)
	comply := g.compliant(p, c.name)
	a.dress(comply)
	edge := comply.clone()
	c.edge(g, p, edge)
	first, second := comply, edge
	if !g.chance(g.settings.ComplyFirst) {
		first, second = edge, comply
	}
	return []Case{
		{Kind: Focus, Check: c.name, Request: g.create(a, first)},
		{Kind: Focus, Check: c.name, Paired: true, Request: g.create(a, second)},
	}
}

// checkOf picks a check to vary: mostly one in which the policy demands something, for the others
// seldom decide.
func (g *gen) checkOf(p *Policy) check {
	if g.chance(0.1) {
		return pick(g, g.cluster.checks...)
	}
	demanding := g.demanding(p)
	if len(demanding) == 0 {
		return pick(g, g.cluster.checks...)
	}
	return pick(g, weighted(demanding)...)
}

// demanding are the checks in which the policy demands something.
func (g *gen) demanding(p *Policy) []check {
	return slices.DeleteFunc(slices.Clone(g.cluster.checks), func(c check) bool { return !c.narrows(p) })
}

// compliant is a pod that the policy accepts, as far as there is one. The named check is made use
// of where the policy allows it; the others now and then.
func (g *gen) compliant(p *Policy, name string) pod {
	made := g.newPod()
	use := g.settings.Use
	for _, c := range complyOrder(g.cluster.checks) {
		if c.name == name {
			g.settings.Use = 0.9
		}
		c.comply(g, p, made)
		g.settings.Use = use
	}
	return made
}

// complyOrder is the order in which pods are made to comply: host ports after the host network that
// implies them, escalation after privileged; volumes before the lists of single types.
func complyOrder(all []check) []check {
	late := func(c check) bool { return c.name == "host_ports" || c.name == "allow_privilege_escalation" }
	ordered := slices.DeleteFunc(slices.Clone(all), late)
	return append(ordered, slices.DeleteFunc(slices.Clone(all), func(c check) bool { return !late(c) })...)
}

// dress gives the pod what comes from the actor.
func (a actor) dress(p pod) {
	if a.accountless {
		delete(p.spec(), "serviceAccountName")
	}
	if a.account != "" {
		p.spec()["serviceAccountName"] = a.account
	}
}

func (p pod) clone() pod { return pod{cloned(p.Object).(Object)} }

// cloned copies objects and lists of anything; all else is never changed in place.
func cloned(value any) any {
	switch v := value.(type) {
	case Object:
		o := make(Object, len(v))
		for key, member := range v {
			o[key] = cloned(member)
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = cloned(item)
		}
		return list
	}
	return value
}

// create is the request that creates the pod.
func (g *gen) create(a actor, p pod) *protocol.Request {
	name, _ := p.meta()["name"].(string)
	request := &protocol.Request{
		Operation: "CREATE", Namespace: a.namespace, Name: name,
		Resource: protocol.Pods(), Kind: protocol.PodKind(), UserInfo: a.user, Object: raw(p.Object),
	}
	if a.accountless {
		off := false
		request.ServiceAccountPlugin = &off
	}
	return request
}
