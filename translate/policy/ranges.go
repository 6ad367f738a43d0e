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

// mayRunAs refuses ids outside the ranges, which the pod sets in field; the named function tells of them.
func (w *writer) mayRunAs(function, field string, ranges []psp.IDRange) {
	w.limit(term(ranges))
	w.refuse(w.outside(""), field)
	w.tell(function, w.limits())
}

// mustRunAs does the same, and refuses what is in more. Whatever is unset becomes the first range's min: that is allowed but for
// ranges with min above max, which the API refuses today and older versions may have stored.
func (w *writer) mustRunAs(function, field string, ranges []psp.IDRange, more rego) {
	w.limit(term(ranges))
	first := ranges[0].Min
	stray := !holds(ranges, first)
	refused, touched := w.outside(""), []string{field}
	if stray {
		refused, touched = w.outside("{"+term(first)+" | "+w.fact("unset")+" != set()}"), nil
	}
	if more != "" {
		refused += " | " + more
	}
	w.refuse(refused, touched...)
	w.tell(function, w.limits())
	if stray {
		w.tellAll(w.call("default_outside", term(first), w.limits()))
	}
}
