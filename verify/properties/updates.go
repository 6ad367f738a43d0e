// SPDX-License-Identifier: Apache-2.0

package properties

import "psp2rego/verify/cases"

// updates: An update is left alone exactly when native leaves it alone, is otherwise judged as it stands, and is never
// changed.
//
// One policy accepts every pod, one few, and most requesters may use neither: they get an update through only if nobody
// looks at it. Changes are of fields that the comparison leaves out, of quantities (by value or in form only), between
// empty and absent, and of anything else.
//
// Compared is the choice, because an update that is left alone and one that is judged and allowed differ in nothing but
// the audit annotation. The words of refusals are those of creations.
func updates() Property {
	settings := cases.Settings{ManyContainers: 0.2}
	return Property{
		Name: "updates", Strictness: CompareChoice, Expect: []Outcome{LeftAlone, Refused, Allowed},
		generate: func(seed uint64, index int) *cases.Isolated { return cases.Updates(settings, seed, index) },
		judge:    compare,
	}
}
