// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"psp2rego/translate/psp"
)

func capabilities(w *writer, p *psp.PodSecurityPolicy) {
	allowed, add, drop := p.Spec.AllowedCapabilities, p.Spec.DefaultAddCapabilities, p.Spec.RequiredDropCapabilities
	rewritten := rego("{}")
	if len(add)+len(drop) > 0 {
		rewritten = "_capabilities"
	}
	if slices.Contains(allowed, psp.AllowAll) {
		w.free("any capability may be added")
	} else {
		w.refuse(w.call("not_allowed", set(allowed, add), rewritten))
	}
	if len(add)+len(drop) > 0 {
		w.rule("writes[place].capabilities := lists if some place, lists in _capabilities")
		w.rule("_capabilities := %s", w.call("merged", set(add), set(drop)))
	}
}
