// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"psp2rego/translate/psp"
)

func capabilities(w *writer, p *psp.PodSecurityPolicy) {
	allowed, add, drop := p.Spec.AllowedCapabilities, p.Spec.DefaultAddCapabilities, p.Spec.RequiredDropCapabilities
	merged := rego("{}")
	if len(add)+len(drop) > 0 {
		merged = w.call("merged", set(add), set(drop), bareLists(add, drop))
		w.fill(merged)
	}
	if slices.Contains(allowed, psp.AllowAll) {
		w.free("any capability may be added")
	} else {
		w.demandOf(within(w.fact("used"), set(allowed, add)), "capabilities")
		w.tell(without(w.fact("used"), set(allowed, add)), "not_allowed", []rego{merged})
	}
}

// bareLists writes the capabilities of a container that asked for none.
func bareLists(add, drop []psp.Capability) rego {
	lists := map[string][]psp.Capability{}
	for name, capabilities := range map[string][]psp.Capability{"add": add, "drop": drop} {
		if len(capabilities) > 0 {
			lists[name] = slices.Compact(slices.Sorted(slices.Values(capabilities)))
		}
	}
	return term(lists)
}
