// SPDX-License-Identifier: Apache-2.0

package cases

// hostNetwork varies spec.hostNetwork (section D4). Host ports that the API derives from it are
// judged by the check of host ports (A13).
func hostNetwork() check {
	return hostNamespace("host_network", "hostNetwork",
		func(p *Policy) *bool { return &p.Spec.HostNetwork })
}

// hostNamespace is the shape that the three host namespaces share: a switch in the policy, a switch
// in the pod.
func hostNamespace(name, field string, allowed func(*Policy) *bool) check {
	return check{
		name:    name,
		narrows: func(p *Policy) bool { return !*allowed(p) },
		narrow:  func(_ *gen, p *Policy) { *allowed(p) = false },
		comply: func(g *gen, p *Policy, pod pod) {
			delete(pod.spec(), field)
			if *allowed(p) && g.chance(g.settings.Use) {
				pod.spec()[field] = true
			} else if g.chance(0.2) {
				pod.spec()[field] = false
			}
		},
		edge: func(g *gen, _ *Policy, pod pod) {
			pod.spec()[field] = true
			if g.chance(0.1) {
				pod.spec()[field] = nil
			}
			if g.chance(0.1) { // not covered by PodSecurityPolicy at all
				pod.spec()["shareProcessNamespace"] = true
			}
		},
	}
}
