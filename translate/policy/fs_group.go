// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func fsGroup(w *writer, p *psp.PodSecurityPolicy) {
	o := p.Spec.FSGroup
	switch o.Rule {
	case psp.RunAsAny:
		w.free("any group")
	case psp.MayRunAs:
		w.mayRunAs("outside", "fsGroup", o.Ranges)
	case psp.MustRunAs:
		w.mustRunAs("outside", "fsGroup", o.Ranges)
		w.set("fsGroup", term(o.Ranges[0].Min), w.fact("unset"))
	}
}
