// SPDX-License-Identifier: Apache-2.0

package cases

// fsGroup varies spec.securityContext.fsGroup (sections D1, E2).
func fsGroup() check {
	return check{
		name:    "fs_group",
		weight:  2,
		narrows: func(p *Policy) bool { return p.Spec.FSGroup.Rule != "RunAsAny" },
		narrow: func(g *gen, p *Policy) {
			p.Spec.FSGroup = g.narrowIDs("MustRunAs", "MustRunAs", "MayRunAs")
			if g.odd() {
				p.Spec.FSGroup = g.oddIDs()
			}
		},
		comply: func(g *gen, p *Policy, pod pod) {
			delete(pod.securityContext(), "fsGroup")
			if ids := g.idsWithin(p.Spec.FSGroup); len(ids) > 0 && g.mustSet(p.Spec.FSGroup.Rule) {
				pod.securityContext()["fsGroup"] = pick(g, ids...)
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			pod.securityContext()["fsGroup"] = pick(g, g.idsAround(p.Spec.FSGroup)...)
			if g.chance(0.1) {
				pod.securityContext()["fsGroup"] = nil
			}
			if g.chance(0.2) {
				pod.securityContext()["fsGroupChangePolicy"] = pick(g, "Always", "OnRootMismatch")
			}
		},
	}
}
