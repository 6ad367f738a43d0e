// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"

	"psp2rego/verify/protocol"
)

// Known is a difference between native and any webhook that no webhook can remove. Its predicate
// reads the request as the client sent it, never a verdict or an error text.
type Known struct {
	ID       string
	Upstream string // file and tag
	Reason   string
	Matches  func(request *protocol.Request) bool
}

// KnownDifferences are all of them.
func KnownDifferences() []Known {
	return []Known{{
		ID:       "explicit_empty_supplemental_groups",
		Upstream: "staging/src/k8s.io/api/core/v1/types.go (PodSecurityContext.SupplementalGroups: omitempty), v1.24.17",
		Reason: "native holds an explicit empty list apart from an absent one: it fills in no default and refuses the list " +
			"under MustRunAs. The list is lost when the object is encoded, so that a webhook sees none and fills in the default",
		Matches: func(request *protocol.Request) bool {
			pod := struct {
				Spec struct {
					SecurityContext struct {
						SupplementalGroups *[]json.RawMessage `json:"supplementalGroups"`
					} `json:"securityContext"`
				} `json:"spec"`
			}{}
			if json.Unmarshal(request.Object, &pod) != nil {
				return false
			}
			groups := pod.Spec.SecurityContext.SupplementalGroups
			return groups != nil && len(*groups) == 0
		},
	}}
}

// knownDifference is the id of the entry that covers what differs on a request, or empty.
func knownDifference(request *protocol.Request) string {
	for _, known := range KnownDifferences() {
		if known.Matches(request) {
			return known.ID
		}
	}
	return ""
}
