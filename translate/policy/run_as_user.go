// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func runAsUser(w *writer, p *psp.PodSecurityPolicy) {
	o := p.Spec.RunAsUser
	switch o.Rule {
	case psp.RunAsAny:
		w.free("any user")
	case psp.MustRunAs:
		w.mustRunAs("must_run_as", "runAsUser", o.Ranges)
		w.set("runAsUser", term(o.Ranges[0].Min), w.fact("unset"))
	case psp.MustRunAsNonRoot:
		w.demandOf(none(w.fact("said")+` & {["runAsNonRoot", false], ["runAsUser", 0]}`), "runAsUser", "runAsNonRoot")
		w.tellAll(w.fact("must_run_as_non_root"))
		w.set("runAsNonRoot", "true", w.fact("undecided"))
	}
}
