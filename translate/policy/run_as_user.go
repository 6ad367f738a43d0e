// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func runAsUser(w *writer, p *psp.PodSecurityPolicy) {
	o := p.Spec.RunAsUser
	switch o.Rule {
	case psp.RunAsAny:
		w.free("any user")
	case psp.MustRunAs:
		w.mustRunAs("must_run_as", "runAsUser", o.Ranges, "")
		w.set("runAsUser", term(o.Ranges[0].Min), w.fact("unset"))
	case psp.MustRunAsNonRoot:
		w.refuse(w.fact("must_run_as_non_root"), "runAsUser", "runAsNonRoot")
		w.tellAll("refused.run_as_user")
		w.set("runAsNonRoot", "true", w.fact("undecided"))
	}
}
