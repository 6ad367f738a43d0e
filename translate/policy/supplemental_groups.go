// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func supplementalGroups(w *writer, p *psp.PodSecurityPolicy) {
	o := p.Spec.SupplementalGroups
	switch o.Rule {
	case psp.RunAsAny:
		w.free("any groups")
	case psp.MayRunAs:
		w.mayRunAs("outside", "supplementalGroups", o.Ranges)
	case psp.MustRunAs:
		w.mustRunAs("outside", "supplementalGroups", o.Ranges, none(w.fact("empty")))
		w.tellAll(w.fact("empty"))
		w.set("supplementalGroups", term([]int64{o.Ranges[0].Min}), w.fact("unset"))
	}
}
