// SPDX-License-Identifier: Apache-2.0

package properties

import "psp2rego/verify/cases"

// singleFieldValidation: A pod that a policy can refuse for one field only is refused or allowed as native does, for that
// field, in native's words.
//
// Every policy is lax in all checks but one, is the only one its requester may use, and judges pods that differ in that
// check alone. Whatever is refused is refused by it, so that each check has to show both verdicts.
//
// Violations are compared word for word and in order, because they name the field; what is filled in is left to the next
// property, which would otherwise fail together with this one.
func singleFieldValidation() Property {
	settings := cases.Settings{OddPolicies: 0.1, Use: 0.9, ManyContainers: 0.3}
	return Property{
		Name: "single_field_validation", Strictness: CompareFields, Expect: []Outcome{Allowed, Refused},
		generate: func(seed uint64, index int) *cases.Isolated { return cases.SingleChecks(settings, seed, index) },
		judge:    compare,
	}
}
