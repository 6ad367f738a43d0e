// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"psp2rego/translate/psp"
)

// holds reports whether a range holds id.
func holds(ranges []psp.IDRange, id int64) bool {
	return slices.ContainsFunc(ranges, func(r psp.IDRange) bool { return r.Min <= id && id <= r.Max })
}

// within is the condition that everything the check finds used lies in the ranges.
func (w *writer) within(ranges rego) rego {
	w.use("ranges")
	return every(w.fact("used"), "ranges.holds("+ranges+", value)")
}

// tellOutside has the function tell of what is used and lies outside the ranges.
func (w *writer) tellOutside(function string, ranges rego) {
	w.tell(w.fact("used"), function, []rego{ranges}, "not ranges.holds("+ranges+", value)")
}

// mayRunAs demands that the ids which the pod sets in field are within the ranges, and more; the named function tells of ids outside.
func (w *writer) mayRunAs(function, field string, ranges []psp.IDRange, more ...rego) {
	condition := w.within(term(ranges))
	for _, m := range more {
		condition += "\n" + m
	}
	w.demandOf(condition, field)
	w.tellOutside(function, term(ranges))
}

// mustRunAs demands the same, and that it is set where the first range's min, which it becomes elsewhere, is not allowed: ranges with
// min above max, which the API refuses today and older versions may have stored.
func (w *writer) mustRunAs(function, field string, ranges []psp.IDRange, more ...rego) {
	w.mayRunAs(function, field, ranges, more...)
	if first := ranges[0].Min; !holds(ranges, first) {
		w.demand(none(w.fact("unset")))
		w.tellAll(w.call("default_outside", term(first), term(ranges)))
	}
}
