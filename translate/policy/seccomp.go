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
		w.profiles(withAliases(allowed), byDefault, text)
	}
	// what the pod's field says is written under every policy
	derived := w.fact("derived")
	if byDefault == "" {
		w.defaults(derived)
		return
	}
	w.defaults(w.call("written", term(byDefault)))
}

// profiles refuses profiles that are not allowed, among them the default where it decides.
func (w *writer) profiles(allowed []string, byDefault string, listed rego) {
	refused := w.fact("used") + " - " + set(allowed)
	stray := !slices.Contains(allowed, byDefault)
	if stray {
		refused = "(" + refused + ") | {" + term(byDefault) + " | " + w.fact("open") + "}"
	}
	if stray || w.current.name == "app_armor" {
		w.refuse(refused)
	} else {
		w.refuse(refused, "seccompProfile", "annotations")
	}
	w.tell("not_allowed", listed)
	if stray {
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
