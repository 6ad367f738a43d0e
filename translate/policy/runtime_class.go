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
	allowed, byDefault := o.AllowedRuntimeClassNames, o.DefaultRuntimeClassName
	switch {
	case slices.Contains(allowed, psp.AllowAll):
		w.free("any class")
	case byDefault != nil && !slices.Contains(allowed, *byDefault):
		w.allow(w.fact("used"), set(allowed), []string{"runtimeClassName"})
		w.demand(none(w.call("default_not_allowed", term(*byDefault))))
		w.tellAll(w.call("default_not_allowed", term(*byDefault)))
	default:
		w.allow(w.fact("used"), set(allowed), []string{"runtimeClassName"})
	}
	if byDefault != nil {
		w.set("runtimeClassName", term(*byDefault), w.fact("unset"))
	}
}
