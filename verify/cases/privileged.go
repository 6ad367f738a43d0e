// SPDX-License-Identifier: Apache-2.0

package cases

// privileged varies securityContext.privileged of containers (section D10).
func privileged() check {
	return check{
		name:    "privileged",
		narrows: func(p *Policy) bool { return !p.Spec.Privileged },
		narrow:  func(_ *gen, p *Policy) { p.Spec.Privileged = false },
		comply: func(g *gen, p *Policy, pod pod) {
			for _, c := range pod.containers() {
				if sc, ok := c.Object["securityContext"].(Object); ok {
					delete(sc, "privileged")
				}
				// API validation refuses privileged next to a forbidden escalation.
				if p.Spec.Privileged && p.escalation() && g.chance(g.settings.Use/2) {
					c.securityContext()["privileged"] = true
				} else if g.chance(0.1) {
					c.securityContext()["privileged"] = false
				}
			}
		},
		edge: func(g *gen, _ *Policy, pod pod) {
			g.anyContainer(pod).securityContext()["privileged"] = pick[any](g, true, true, true, true, false, nil)
		},
	}
}
