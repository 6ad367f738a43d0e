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
		w.refuse("(" + w.fact("used") + " - " + set(allowed) + ") | " + w.call("default_not_allowed", term(*byDefault)))
		w.tell("not_allowed")
		w.tellAll(w.call("default_not_allowed", term(*byDefault)))
	default:
		w.refuse(w.fact("used") + " - " + set(allowed))
		w.tell("not_allowed")
	}
	if byDefault != nil {
		w.set("runtimeClassName", term(*byDefault), w.fact("unset"))
	}
}
