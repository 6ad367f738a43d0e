// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"psp2rego/translate/psp"
)

func runtimeClass(w *writer, p *psp.PodSecurityPolicy) {
	o := p.Spec.RuntimeClass
	if o == nil {
		w.free("any class")
		return
	}
	if slices.Contains(o.AllowedRuntimeClassNames, psp.AllowAll) {
		w.free("any class")
	} else {
		violations := []rego{w.call("not_allowed", set(o.AllowedRuntimeClassNames))}
		if d := o.DefaultRuntimeClassName; d != nil && !slices.Contains(o.AllowedRuntimeClassNames, *d) {
			violations = append(violations, w.call("default_not_allowed", term(*d)))
		}
		w.refuse(violations...)
	}
	if d := o.DefaultRuntimeClassName; d != nil {
		w.set("runtimeClassName", term(*d), w.fact("unset"))
	}
}
