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
	w.refuse(w.call("not_allowed", list(forbidden), list(allowed)))
}
