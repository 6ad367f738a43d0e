// SPDX-License-Identifier: Apache-2.0

package cases

// allowedCSIDrivers varies the drivers of inline csi volumes (section D6).
func allowedCSIDrivers() check {
	return check{
		name:    "allowed_csi_drivers",
		narrows: func(p *Policy) bool { return len(p.Spec.AllowedCSIDrivers) > 0 },
		narrow: func(g *gen, p *Policy) {
			p.Spec.AllowedCSIDrivers = nil
			for _, driver := range g.drivers("csi.example", "y.io", "secrets-store.csi.k8s.io") {
				p.Spec.AllowedCSIDrivers = append(p.Spec.AllowedCSIDrivers, CSIDriver{driver})
			}
			if !allowsVolume(p, "csi") && g.chance(0.7) {
				p.Spec.Volumes = append(p.Spec.Volumes, "csi")
			}
		},
		comply: func(g *gen, p *Policy, pod pod) {
			removeVolumes(pod, func(field string) bool { return field == "csi" })
			if allowsVolume(p, "csi") && g.chance(g.settings.Use*2) {
				driver := CSIDriver{"csi.example"}
				if len(p.Spec.AllowedCSIDrivers) > 0 {
					driver = pick(g, p.Spec.AllowedCSIDrivers...)
				}
				g.addVolume(pod, "csi", Object{"driver": driver.Name})
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			var names []string
			for _, d := range p.Spec.AllowedCSIDrivers {
				names = append(names, d.Name)
			}
			g.addVolume(pod, "csi", Object{"driver": g.text(g.driversAround(names, "csi.example")...)})
		},
	}
}
