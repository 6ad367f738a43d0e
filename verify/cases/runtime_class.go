// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"slices"
	"strings"
)

// runtimeClass varies spec.runtimeClassName (sections D7, E5).
func runtimeClass() check {
	return check{
		name:    "runtime_class",
		weight:  2,
		narrows: func(p *Policy) bool { return p.Spec.RuntimeClass != nil },
		narrow: func(g *gen, p *Policy) {
			r := &RuntimeClass{Allowed: some(g, 0, 2, "gv", "kata", "runc")}
			if len(r.Allowed) > 0 && g.chance(0.4) {
				name := pick(g, r.Allowed...)
				r.Default = &name
			}
			if g.chance(0.15) {
				r.Allowed = []string{"*"}
			}
			if g.odd() {
				name := g.text("gv", "", "other", "Upper_Case")
				r.Default = &name
				r.Allowed = append(r.Allowed, pick(g, "", "gv", "*", "Upper_Case"))
			}
			p.Spec.RuntimeClass = r
		},
		comply: func(g *gen, p *Policy, pod pod) {
			delete(pod.spec(), "runtimeClassName")
			r := p.Spec.RuntimeClass
			switch {
			case r == nil || slices.Contains(r.Allowed, "*"):
				if g.chance(g.settings.Use) {
					pod.spec()["runtimeClassName"] = pick(g, "gv", "any")
				}
			case len(r.Allowed) > 0 && (g.chance(g.settings.Use) || g.explicit && r.Default != nil):
				pod.spec()["runtimeClassName"] = pick(g, r.Allowed...)
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			names := []string{"gv", "kata", "", "*", "GV"}
			if r := p.Spec.RuntimeClass; r != nil {
				for _, name := range r.Allowed {
					names = append(names, name, name, name+"x", less(name), strings.ToUpper(name))
				}
				if r.Default != nil {
					names = append(names, *r.Default)
				}
			}
			pod.spec()["runtimeClassName"] = g.text(names...)
			if g.chance(0.1) {
				pod.spec()["runtimeClassName"] = nil
			}
		},
	}
}
