// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func allowPrivilegeEscalation(w *writer, p *psp.PodSecurityPolicy) {
	allowed, byDefault := *p.Spec.AllowPrivilegeEscalation, p.Spec.DefaultAllowPrivilegeEscalation
	if allowed {
		w.free("allowed")
	} else {
		w.flag()
	}
	if !allowed && byDefault != nil && *byDefault {
		w.demand(none(w.fact("default_not_allowed")))
		w.tellAll(w.fact("default_not_allowed"))
	}
	switch {
	case byDefault != nil:
		w.set("allowPrivilegeEscalation", term(*byDefault), w.fact("unset"))
	case !allowed:
		w.set("allowPrivilegeEscalation", "false", w.fact("unset"))
	}
}
