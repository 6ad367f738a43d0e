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
	if slices.Contains(allowed, psp.AllowAll) {
		w.free("any profile")
	} else {
		text := term(listed)
		if !restricted {
			allowed, text = []string{""}, "null"
		}
		w.profiles(withAliases(allowed), byDefault, text, "seccomp", "seccompProfile")
	}
	if byDefault == "" {
		w.fill(w.fact("derived")) // what the pod's field says is written under every policy
		return
	}
	w.fill(w.call("written", term(byDefault)))
}

// profiles allows profiles, of which fields speak. Where the pod leaves it to the policy, its default decides; listed is the policy's annotation.
func (w *writer) profiles(allowed []string, byDefault string, listed rego, fields ...string) {
	w.allow(w.fact("used"), set(allowed), fields, listed)
	if !slices.Contains(allowed, byDefault) {
		w.demand(w.fact("open") + " == false")
		w.tellAll(w.call("default_not_allowed", term(byDefault), listed))
	}
}

// withAliases adds the other name of the runtime's default profile where one of the two is listed.
func withAliases(profiles []string) []string {
	aliases := []string{"docker/default", "runtime/default"}
	if slices.ContainsFunc(profiles, func(p string) bool { return slices.Contains(aliases, p) }) {
		return append(slices.Clone(profiles), aliases...)
	}
	return profiles
}
