// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func procMount(w *writer, p *psp.PodSecurityPolicy) {
	allowed := p.Spec.AllowedProcMountTypes
	if len(allowed) == 0 {
		allowed = []psp.ProcMountType{"Default"}
	}
	w.refuse(w.fact("used") + " - " + set(allowed))
	w.tell("not_allowed")
}
