// SPDX-License-Identifier: Apache-2.0

package cases

import "strings"

// allowedFlexVolumes varies the drivers of flexVolume volumes (section D6).
func allowedFlexVolumes() check {
	return check{
		name:    "allowed_flex_volumes",
		narrows: func(p *Policy) bool { return len(p.Spec.AllowedFlexVolumes) > 0 },
		narrow: func(g *gen, p *Policy) {
			p.Spec.AllowedFlexVolumes = nil
			for _, driver := range g.drivers("example/a", "example/b", "vendor/lvm") {
				p.Spec.AllowedFlexVolumes = append(p.Spec.AllowedFlexVolumes, FlexVolume{driver})
			}
			if !allowsVolume(p, "flexVolume") && g.chance(0.7) {
				p.Spec.Volumes = append(p.Spec.Volumes, "flexVolume")
			}
		},
		comply: func(g *gen, p *Policy, pod pod) {
			removeVolumes(pod, func(field string) bool { return field == "flexVolume" })
			if allowsVolume(p, "flexVolume") && g.chance(g.settings.Use*2) {
				driver := FlexVolume{"example/a"}
				if len(p.Spec.AllowedFlexVolumes) > 0 {
					driver = pick(g, p.Spec.AllowedFlexVolumes...)
				}
				g.addVolume(pod, "flexVolume", Object{"driver": driver.Driver})
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			var names []string
			for _, f := range p.Spec.AllowedFlexVolumes {
				names = append(names, f.Driver)
			}
			g.addVolume(pod, "flexVolume", Object{"driver": g.text(g.driversAround(names, "example/a")...)})
		},
	}
}

// drivers are one to three of the names; odd ones are empty or doubled.
func (g *gen) drivers(names ...string) []string {
	list := some(g, 1, 3, names...)
	if g.odd() {
		list = append(list, pick(g, "", "*", list[0], "Example/A", g.oddText()))
	}
	return list
}

// driversAround are the names, each with a character more and less, in another case, and others.
func (g *gen) driversAround(names []string, usual string) []string {
	all := []string{usual, "other", ""}
	for _, name := range names {
		all = append(all, name, name, name+"x", less(name), "x"+name, strings.ToUpper(name), name+" ", "*")
	}
	return all
}
