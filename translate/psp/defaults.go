// SPDX-License-Identifier: Apache-2.0

package psp

// Default fills in what the API server fills in when it reads a policy: allowPrivilegeEscalation becomes true where it
// is unset, and nothing else changes (pkg/apis/policy/v1beta1/defaults.go, v1.24.17).
func Default(p *PodSecurityPolicy) {
	if p.Spec.AllowPrivilegeEscalation == nil {
		allow := true
		p.Spec.AllowPrivilegeEscalation = &allow
	}
}
