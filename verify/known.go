// SPDX-License-Identifier: Apache-2.0

package verify

import "psp2rego/verify/protocol"

// Known is a difference between native and any webhook that cannot be removed. Its predicate reads
// the request, never a verdict or an error text.
type Known struct {
	ID       string
	Upstream string // file and tag
	Reason   string
	Matches  func(request *protocol.Request, d *Difference) bool
}

// KnownDifferences are all of them. There is none at present: both sides are given the request as
// it is after decoding, defaulting and encoding, so that what only native could have seen (an
// explicit empty list of supplementalGroups, say) is seen by neither.
func KnownDifferences() []Known { return nil }

// knownDifference is the id of the entry that covers a difference, or empty.
func knownDifference(request *protocol.Request, d *Difference) string {
	for _, known := range KnownDifferences() {
		if known.Matches(request, d) {
			return known.ID
		}
	}
	return ""
}
