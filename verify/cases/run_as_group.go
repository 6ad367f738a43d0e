// SPDX-License-Identifier: Apache-2.0

package cases

// runAsGroup varies runAsGroup of pods and containers (sections D1, E7).
func runAsGroup() check {
	return check{
		name:    "run_as_group",
		weight:  2,
		narrows: func(p *Policy) bool { return groupStrategy(p).Rule != "RunAsAny" },
		narrow: func(g *gen, p *Policy) {
			s := g.narrowIDs("MustRunAs", "MustRunAs", "MayRunAs", "RunAsAny")
			if s.Rule == "RunAsAny" {
				s.Ranges = nil
			}
			if g.odd() {
				s = g.oddIDs()
			}
			p.Spec.RunAsGroup = &s
		},
		comply: func(g *gen, p *Policy, pod pod) {
			for _, sc := range securityContexts(pod) {
				delete(sc, "runAsGroup")
			}
			s := groupStrategy(p)
			if ids := g.idsWithin(s); len(ids) > 0 && g.mustSet(s.Rule) {
				if g.chance(0.5) {
					pod.securityContext()["runAsGroup"] = pick(g, ids...)
					return
				}
				for _, c := range pod.containers() {
					c.securityContext()["runAsGroup"] = pick(g, ids...)
				}
				if g.chance(0.3) {
					pod.securityContext()["runAsGroup"] = int64(7)
				}
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			sc := pod.securityContext()
			if g.chance(0.7) {
				sc = g.anyContainer(pod).securityContext()
			}
			sc["runAsGroup"] = pick(g, g.idsAround(groupStrategy(p))...)
			if g.chance(0.1) {
				sc["runAsGroup"] = nil
			}
		},
	}
}

// groupStrategy is the policy's strategy; absent means RunAsAny
// (pkg/security/podsecuritypolicy/factory.go, v1.24.17).
func groupStrategy(p *Policy) IDStrategy {
	if p.Spec.RunAsGroup == nil {
		return IDStrategy{Rule: "RunAsAny"}
	}
	return *p.Spec.RunAsGroup
}

// mustSet decides whether a complying pod sets a value that the rule may demand.
func (g *gen) mustSet(rule string) bool {
	if rule == "MustRunAs" {
		return g.explicit || g.chance(0.5)
	}
	return g.chance(g.settings.Use)
}
