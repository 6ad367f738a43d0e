// SPDX-License-Identifier: Apache-2.0

// Package translate turns a cluster's PodSecurityPolicies, and the RBAC that grants them, into Rego: Load reads and
// judges the input, Compile writes the modules and data of a policy bundle.
package translate
