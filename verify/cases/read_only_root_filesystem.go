// SPDX-License-Identifier: Apache-2.0

package cases

// readOnlyRootFilesystem varies securityContext.readOnlyRootFilesystem of containers (sections D14,
// E12).
func readOnlyRootFilesystem() check {
	return check{
		name:    "read_only_root_filesystem",
		narrows: func(p *Policy) bool { return p.Spec.ReadOnlyRootFilesystem },
		narrow:  func(_ *gen, p *Policy) { p.Spec.ReadOnlyRootFilesystem = true },
		comply: func(g *gen, p *Policy, pod pod) {
			for _, c := range pod.containers() {
				if sc, ok := c.Object["securityContext"].(Object); ok {
					delete(sc, "readOnlyRootFilesystem")
				}
				must := p.Spec.ReadOnlyRootFilesystem
				if must && (g.explicit || g.chance(0.4)) {
					c.securityContext()["readOnlyRootFilesystem"] = true
				} else if !must && g.chance(g.settings.Use/2) {
					c.securityContext()["readOnlyRootFilesystem"] = g.chance(0.5)
				}
			}
		},
		edge: func(g *gen, _ *Policy, pod pod) {
			g.anyContainer(pod).securityContext()["readOnlyRootFilesystem"] = pick[any](g, false, false, false, true, nil)
		},
	}
}
