// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"psp2rego/translate/psp"
)

func volumes(w *writer, p *psp.PodSecurityPolicy) {
	allowed := p.Spec.Volumes
	switch {
	case slices.Contains(allowed, psp.AllowAll):
		w.demand(none(w.fact("unknown")))
		w.tell(w.fact("unknown"), "not_allowed", nil)
	case slices.Contains(allowed, "secret") && !slices.Contains(allowed, "projected"):
		w.demand(within(w.fact("used_beside_secret"), set(allowed)))
		w.tell(without(w.fact("used_beside_secret"), set(allowed)), "not_allowed_beside_secret", nil)
	default:
		w.demand(within(w.fact("used"), set(allowed)))
		w.tell(without(w.fact("used"), set(allowed)), "not_allowed", nil)
	}
}

// allowsVolume reports whether volumes of a type pass the check of types, so that the check of what they name comes next.
func allowsVolume(p *psp.PodSecurityPolicy, name psp.FSType) bool {
	return slices.Contains(p.Spec.Volumes, psp.AllowAll) || slices.Contains(p.Spec.Volumes, name)
}
