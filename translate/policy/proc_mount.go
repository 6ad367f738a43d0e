// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"psp2rego/translate/psp"
)

func procMount(w *writer, p *psp.PodSecurityPolicy) {
	allowed := p.Spec.AllowedProcMountTypes
	if len(allowed) == 0 {
		allowed = []psp.ProcMountType{"Default"}
	}
	refused := w.fact("used") + " - " + set(allowed)
	if slices.Contains(allowed, "Default") {
		w.refuse(refused, "procMount")
	} else {
		w.refuse(refused)
	}
	w.tell("not_allowed")
}
