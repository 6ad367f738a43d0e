// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"slices"
	"strings"
)

// capabilities varies securityContext.capabilities of containers (sections D12, E11). One check
// serves three fields: defaultAddCapabilities, requiredDropCapabilities, allowedCapabilities.
func capabilities() check {
	return check{
		name:   "capabilities",
		weight: 4,
		narrows: func(p *Policy) bool {
			return !slices.Contains(p.Spec.AllowedCapabilities, "*") ||
				len(p.Spec.DefaultAddCapabilities)+len(p.Spec.RequiredDropCapabilities) > 0
		},
		narrow: narrowCapabilities,
		comply: func(g *gen, p *Policy, pod pod) {
			for _, c := range pod.containers() {
				if sc, ok := c.Object["securityContext"].(Object); ok {
					delete(sc, "capabilities")
				}
				g.complyCapabilities(p, c)
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			c := g.anyContainer(pod)
			named := slices.Concat(capabilityNames(), p.Spec.DefaultAddCapabilities, p.Spec.AllowedCapabilities,
				p.Spec.RequiredDropCapabilities)
			named = append(named, "ALL", "*", "", "CAP_"+pick(g, named...), strings.ToLower(pick(g, named...)),
				pick(g, named...)+"X", less(pick(g, named...)), g.oddText())
			caps := member(c.securityContext(), "capabilities")
			for _, key := range some(g, 1, 2, "add", "add", "drop") {
				list := some(g, 0, 3, named...)
				if len(list) > 0 && g.chance(0.3) {
					list = append(list, list[0]) // duplicates
				}
				caps[key] = list
			}
			if g.chance(0.1) {
				c.securityContext()["capabilities"] = pick[any](g, nil, Object{}, Object{"add": []string{}})
			}
		},
	}
}

func capabilityNames() []string {
	return []string{"CHOWN", "KILL", "NET_ADMIN", "NET_RAW", "SYS_TIME", "SETUID", "MKNOD"}
}

func narrowCapabilities(g *gen, p *Policy) {
	perm := some(g, 7, 7, capabilityNames()...)
	p.Spec.AllowedCapabilities = some(g, 0, 3, perm[:3]...)
	if g.chance(0.5) {
		p.Spec.DefaultAddCapabilities = some(g, 1, 2, perm[2:5]...)
	}
	if g.chance(0.5) {
		p.Spec.RequiredDropCapabilities = some(g, 1, 2, perm[5:]...)
	}
	if !g.odd() {
		return
	}
	name := perm[0]
	switch g.IntN(5) {
	case 0: // refused by the API today: dropped and added
		p.Spec.DefaultAddCapabilities, p.Spec.RequiredDropCapabilities = []string{name, name}, []string{name}
	case 1:
		p.Spec.AllowedCapabilities = []string{"*"} // refused together with required drops
	case 2:
		p.Spec.AllowedCapabilities = []string{pick(g, "ALL", "", "CAP_KILL", "kill", "quote\"d")}
	case 3:
		p.Spec.RequiredDropCapabilities = []string{"ALL"}
	default:
		p.Spec.DefaultAddCapabilities = []string{pick(g, "*", "ALL", "", "ü")}
	}
}

func (g *gen) complyCapabilities(p *Policy, c container) {
	allowed := slices.Concat(p.Spec.AllowedCapabilities, p.Spec.DefaultAddCapabilities)
	if slices.Contains(p.Spec.AllowedCapabilities, "*") {
		allowed = capabilityNames()
	}
	var adds, drops []string
	if g.explicit {
		adds = slices.Clone(p.Spec.DefaultAddCapabilities)
		drops = slices.Clone(p.Spec.RequiredDropCapabilities)
		adds = slices.DeleteFunc(adds, func(name string) bool { return slices.Contains(drops, name) })
	}
	if g.chance(g.settings.Use) {
		adds = append(adds, some(g, 0, 2, allowed...)...)
	}
	if g.chance(g.settings.Use) {
		drops = append(drops, some(g, 0, 2, append(capabilityNames(), "ALL")...)...)
	}
	if len(adds)+len(drops) == 0 {
		return
	}
	caps := member(c.securityContext(), "capabilities")
	if len(adds) > 0 {
		caps["add"] = adds
	}
	if len(drops) > 0 {
		caps["drop"] = drops
	}
}
