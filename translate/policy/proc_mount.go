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
	if slices.Contains(allowed, "Default") {
		w.demandOf(within(w.fact("used"), set(allowed)), "procMount")
	} else {
		w.demand(within(w.fact("used"), set(allowed)))
	}
	w.tell(without(w.fact("used"), set(allowed)), "not_allowed", nil)
}
