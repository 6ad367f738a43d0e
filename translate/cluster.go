// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"encoding/json"

	"psp2rego/translate/manifest"
	"psp2rego/translate/psp"
	"psp2rego/translate/rbac"
)

// Policy is one PodSecurityPolicy of the cluster, with the API's defaults filled in.
type Policy struct {
	psp.PodSecurityPolicy
	// Unusable is the reason why the admission plugin skips the policy, "" if it does not; see psp.Unusable.
	Unusable string
	// Source is where the policy comes from: its file, positions and digest.
	Source *manifest.Object
}

// Cluster is what decides about pods: the policies and who may use them.
type Cluster struct {
	// Policies are sorted by name, in byte order, as the admission plugin walks them. Unusable ones are among them.
	Policies []Policy
	// Grants and Provenance say who may use which policy and why.
	Grants     rbac.Grants
	Provenance rbac.Provenance
	// Objects are the PodSecurityPolicies and the RBAC objects as JSON, in the order of the input and as they were written,
	// except that cluster-scoped ones have no namespace. Read only.
	Objects []json.RawMessage
	// Sources are the files that Objects come from, by name.
	Sources []Source
}

// Source is one file of the input.
type Source struct {
	// Name is the file's name as shown in positions.
	Name string
	// SHA256 is the digest of the file's bytes, in lower-case hex.
	SHA256 string
}
