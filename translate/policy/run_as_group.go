// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func runAsGroup(w *writer, p *psp.PodSecurityPolicy) {
	o := p.Spec.RunAsGroup
	if o == nil {
		w.free("any group")
		return
	}
	switch o.Rule {
	case psp.RunAsAny:
		w.free("any group")
	case psp.MayRunAs:
		w.mayRunAs("outside", "runAsGroup", o.Ranges)
	case psp.MustRunAs:
		w.mustRunAs("outside", "runAsGroup", o.Ranges)
		w.set("runAsGroup", term(o.Ranges[0].Min), w.fact("unset"))
	}
}
