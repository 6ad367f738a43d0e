// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"psp2rego/translate/psp"
)

func volumes(w *writer, p *psp.PodSecurityPolicy) {
	if slices.Contains(p.Spec.Volumes, psp.AllowAll) {
		w.refuse(w.fact("unknown"))
		return
	}
	w.refuse(w.call("not_allowed", set(p.Spec.Volumes)))
}

// allowsVolume reports whether volumes of a type pass the check of types, so that the check of what they name comes next.
func allowsVolume(p *psp.PodSecurityPolicy, name psp.FSType) bool {
	return slices.Contains(p.Spec.Volumes, psp.AllowAll) || slices.Contains(p.Spec.Volumes, name)
}
