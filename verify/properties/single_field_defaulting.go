// SPDX-License-Identifier: Apache-2.0

package properties

import "psp2rego/verify/cases"

// singleFieldDefaulting: A pod for which a policy fills in one field is, after that, the very pod that native leaves.
//
// Every policy is lax but for one field that fills something in, and is the only one its requester may use. Pods leave the
// field unset in all places, in some, or in none, so that each field has to be filled in and to be left as it is.
//
// Pods are compared deeply: a default in the wrong container, or one that overwrites its neighbours, is no default. Words
// of refusals are the property before this one.
func singleFieldDefaulting() Property {
	settings := cases.Settings{Use: 0.8, ManyContainers: 0.5}
	return Property{
		Name: "single_field_defaulting", Strictness: CompareMutation, Expect: []Outcome{Changed, Unchanged},
		generate: func(seed uint64, index int) *cases.Isolated { return cases.SingleDefaults(settings, seed, index) },
		judge:    compare,
	}
}
