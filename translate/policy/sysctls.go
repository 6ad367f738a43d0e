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
	w.limit("{\"forbidden\": " + list(forbidden) + ", \"unsafe\": " + list(allowed) + "}")
	w.refuse("{value | some value in "+w.fact("used")+"; not "+
		w.call("allows", "value", w.limits()+".forbidden", w.limits()+".unsafe")+"}", "sysctls")
	w.tell("not_allowed", w.limits()+".forbidden")
}
