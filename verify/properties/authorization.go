// SPDX-License-Identifier: Apache-2.0

package properties

import "psp2rego/verify/cases"

// authorization: When every policy accepts every pod, RBAC alone decides, and who may use which policy is native's answer.
//
// Each rule of RBAC has requests that it lets through and requests that it does not, by requesters, groups and service
// accounts and in namespaces that no other request has: subjects, bindings, roles, aggregation, verbs, groups, resources,
// names, and the groups of the mke dialect. Each has to show both verdicts.
//
// Compared is the verdict and the policy, because a grant of the wrong policy shows in the name alone. A refusal has no
// violations to tell, and there is nothing to fill in.
func authorization() Property {
	settings := cases.Settings{}
	return Property{
		Name: "authorization", Strictness: CompareChoice, Expect: []Outcome{Allowed, Refused},
		generate: func(seed uint64, index int) *cases.Isolated { return cases.AllowAll(settings, seed, index) },
		judge:    compare,
	}
}
