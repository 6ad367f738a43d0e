// SPDX-License-Identifier: Apache-2.0

package cases

// supplementalGroups varies spec.securityContext.supplementalGroups (sections D1, E1).
func supplementalGroups() check {
	return check{
		name:    "supplemental_groups",
		weight:  2,
		narrows: func(p *Policy) bool { return p.Spec.SupplementalGroups.Rule != "RunAsAny" },
		narrow: func(g *gen, p *Policy) {
			p.Spec.SupplementalGroups = g.narrowIDs("MustRunAs", "MustRunAs", "MayRunAs")
			if g.odd() {
				p.Spec.SupplementalGroups = g.oddIDs()
			}
		},
		comply: func(g *gen, p *Policy, pod pod) {
			delete(pod.securityContext(), "supplementalGroups")
			ids := g.idsWithin(p.Spec.SupplementalGroups)
			if len(ids) > 0 && g.mustSet(p.Spec.SupplementalGroups.Rule) {
				groups := ids[:0:0]
				for range 1 + g.IntN(3) { // duplicates are fine
					groups = append(groups, pick(g, ids...))
				}
				pod.securityContext()["supplementalGroups"] = groups
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			s := p.Spec.SupplementalGroups
			groups := []int64{}
			for range g.IntN(4) { // none at all is an edge too
				groups = append(groups, pick(g, g.idsAround(s)...))
			}
			if within := g.idsWithin(s); len(within) > 0 && g.chance(0.5) {
				groups = append([]int64{pick(g, within...)}, groups...)
			}
			pod.securityContext()["supplementalGroups"] = groups
			if g.chance(0.1) {
				pod.securityContext()["supplementalGroups"] = nil
			}
		},
	}
}
