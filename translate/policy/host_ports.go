// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func hostPorts(w *writer, p *psp.PodSecurityPolicy) {
	ranges := p.Spec.HostPorts
	if ranges == nil {
		ranges = []psp.HostPortRange{}
	}
	w.limit(term(ranges))
	w.refuse(w.outside(""))
	w.tell("not_allowed", w.limits())
}
