// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"psp2rego/translate/psp"
)

func sysctls(w *writer, p *psp.PodSecurityPolicy) {
	forbidden, allowed := p.Spec.ForbiddenSysctls, p.Spec.AllowedUnsafeSysctls
	if len(forbidden) == 0 && slices.Contains(allowed, psp.AllowAll) {
		w.free("any sysctl")
		return
	}
	allows := w.call("allows", "value", list(forbidden), list(allowed))
	w.demandOf(every(w.fact("used"), allows), "sysctls")
	w.tell(w.fact("used"), "not_allowed", []rego{list(forbidden)}, "not "+allows)
}
