// SPDX-License-Identifier: Apache-2.0

package properties

import "psp2rego/verify/cases"

// choice: Among policies that allow, refuse or change every pod, or cannot be used, the one that decides is native's.
//
// What a policy does is plain, so that only the choice is left: by the order of names, those that change nothing first,
// unusable ones not at all, on validation the one that the pod's annotation names before all others. Names sort in ways
// that are easy to get wrong.
//
// Compared is the policy that each phase names, in the verdict and in the audit annotations. What the policy writes is
// compared elsewhere: two policies that write the same would hide a wrong choice from a comparison of pods.
func choice() Property {
	settings := cases.Settings{MaxPolicies: 12, ManyContainers: 0.1}
	return Property{
		Name: "choice", Strictness: CompareChoice, Expect: []Outcome{Allowed, Refused}, ExpectOnce: []Outcome{Changed, Unchanged},
		generate: func(seed uint64, index int) *cases.Isolated { return cases.TrivialPolicies(settings, seed, index) },
		judge:    compare,
	}
}
