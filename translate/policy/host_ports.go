// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func hostPorts(w *writer, p *psp.PodSecurityPolicy) {
	ranges := p.Spec.HostPorts
	if ranges == nil {
		ranges = []psp.HostPortRange{}
	}
	w.demandOf(w.within(term(ranges)), "hostPort")
	w.tellOutside("not_allowed", term(ranges))
}
