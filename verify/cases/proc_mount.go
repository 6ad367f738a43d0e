// SPDX-License-Identifier: Apache-2.0

package cases

import "slices"

// procMount varies securityContext.procMount of containers (sections D11, A5).
func procMount() check {
	return check{
		name:    "proc_mount",
		narrows: func(p *Policy) bool { return !slices.Contains(p.Spec.AllowedProcMountTypes, "Unmasked") },
		narrow: func(g *gen, p *Policy) {
			p.Spec.AllowedProcMountTypes = pick(g, nil, nil, []string{"Default"}, []string{"Default", "Unmasked"})
			if g.odd() {
				p.Spec.AllowedProcMountTypes = pick(g, []string{"Unmasked"}, []string{""}, []string{"default"}, []string{"*"})
			}
		},
		comply: func(g *gen, p *Policy, pod pod) {
			for _, c := range pod.containers() {
				if sc, ok := c.Object["securityContext"].(Object); ok {
					delete(sc, "procMount")
				}
				allowed := p.Spec.AllowedProcMountTypes
				if len(allowed) == 0 {
					allowed = []string{"Default"}
				}
				if g.chance(g.settings.Use/2) || !slices.Contains(allowed, "Default") {
					c.securityContext()["procMount"] = pick(g, allowed...)
				}
			}
		},
		edge: func(g *gen, _ *Policy, pod pod) {
			g.anyContainer(pod).securityContext()["procMount"] =
				pick[any](g, "Unmasked", "Unmasked", "Unmasked", "Default", "", "default", "Unknown", g.oddText(), nil)
		},
	}
}
