// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"slices"

	"psp2rego/verify"
)

// Strictness is what counts as a violation of a property. A difference that does not count is reported all the same: it
// is another property's matter.
type Strictness string

const (
	// CompareVerdict: allowed or refused, and that there is an answer at all.
	CompareVerdict Strictness = "verdict"
	// CompareChoice: the verdict, the chosen policy, and the audit annotations, which also tell whether a request was
	// judged or left alone.
	CompareChoice Strictness = "choice"
	// CompareFields: the verdict and the violations, in native's words and order.
	CompareFields Strictness = "fields"
	// CompareMutation: the verdict, the chosen policy, and the pod after mutation, deeply.
	CompareMutation Strictness = "mutation"
	// CompareBytes: everything there is, to the byte.
	CompareBytes Strictness = "bytes"
)

// Counts says whether a difference of the class is a violation.
func (s Strictness) Counts(class verify.Class) bool {
	if slices.Contains([]verify.Class{verify.FailOpen, verify.FailClosed, verify.Fault, verify.Untranslated}, class) {
		return true
	}
	switch s {
	case CompareChoice:
		return class == verify.Policy
	case CompareFields:
		return class == verify.Message
	case CompareMutation:
		return class == verify.Policy || class == verify.Mutation
	case CompareBytes:
		return true
	}
	return false
}
