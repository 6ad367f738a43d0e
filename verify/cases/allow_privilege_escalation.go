// SPDX-License-Identifier: Apache-2.0

package cases

// allowPrivilegeEscalation varies securityContext.allowPrivilegeEscalation of containers (sections
// D15, E13). One check serves two fields: allowPrivilegeEscalation and its default.
func allowPrivilegeEscalation() check {
	return check{
		name:    "allow_privilege_escalation",
		weight:  2,
		narrows: func(p *Policy) bool { return !p.escalation() || p.Spec.DefaultAllowEscalation != nil },
		narrow: func(g *gen, p *Policy) {
			yes, no := true, false
			if g.chance(0.7) {
				p.Spec.AllowEscalation = &no
			}
			if g.chance(0.4) {
				p.Spec.DefaultAllowEscalation = &no
			} else if p.escalation() {
				p.Spec.DefaultAllowEscalation = &yes
			}
			if g.odd() { // refused by the API: the default contradicts the rule
				p.Spec.AllowEscalation, p.Spec.DefaultAllowEscalation = &no, &yes
			}
		},
		comply: func(g *gen, p *Policy, pod pod) {
			must := !p.escalation()
			defaulted := must || p.Spec.DefaultAllowEscalation != nil
			contradicts := must && p.Spec.DefaultAllowEscalation != nil && *p.Spec.DefaultAllowEscalation
			for _, c := range pod.containers() {
				sc, ok := c.Object["securityContext"].(Object)
				if ok {
					delete(sc, "allowPrivilegeEscalation")
				}
				if contradicts || defaulted && g.explicit || g.chance(g.settings.Use) {
					// API validation refuses false next to privileged.
					value := !must && g.chance(0.5) || ok && sc["privileged"] == true && !must
					c.securityContext()["allowPrivilegeEscalation"] = value
				}
			}
		},
		edge: func(g *gen, _ *Policy, pod pod) {
			g.anyContainer(pod).securityContext()["allowPrivilegeEscalation"] = pick[any](g, true, true, true, false, nil)
		},
	}
}
