// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"

	"psp2rego/translate/psp"
)

// seccomp follows NewStrategy in pkg/security/podsecuritypolicy/seccomp/strategy.go (v1.24.17).
func seccomp(w *writer, p *psp.PodSecurityPolicy) {
	byDefault := p.Annotations[psp.SeccompDefaultProfile]
	listed, restricted := p.Annotations[psp.SeccompAllowedProfiles]
	allowed := strings.Split(listed, ",")
	switch {
	case !restricted && byDefault == "":
		w.refuse(w.fact("may_not_be_set"))
	case !restricted:
		w.refuse(w.fact("may_not_be_set"), w.call("default_not_allowed", term(byDefault), "null"))
	case slices.Contains(allowed, psp.AllowAll):
		w.free("any profile")
	default:
		allowed = withAliases(allowed)
		violations := []rego{w.call("not_allowed", set(allowed), term(listed))}
		if !slices.Contains(allowed, byDefault) {
			violations = append(violations, w.call("default_not_allowed", term(byDefault), term(listed)))
		}
		w.refuse(violations...)
	}
	// what the pod's field says is written under every policy
	derived := w.fact("derived")
	if byDefault == "" {
		w.defaults(derived)
		return
	}
	w.defaults(w.call("written", term(byDefault)))
}

// withAliases adds the other name of the runtime's default profile where one of the two is listed.
func withAliases(profiles []string) []string {
	aliases := []string{"docker/default", "runtime/default"}
	if slices.ContainsFunc(profiles, func(p string) bool { return slices.Contains(aliases, p) }) {
		return append(slices.Clone(profiles), aliases...)
	}
	return profiles
}
