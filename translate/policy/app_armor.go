// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"

	"psp2rego/translate/psp"
)

// appArmor follows NewStrategy in pkg/security/podsecuritypolicy/apparmor/strategy.go (v1.24.17).
func appArmor(w *writer, p *psp.PodSecurityPolicy) {
	byDefault := p.Annotations[psp.AppArmorDefaultProfile]
	listed, restricted := p.Annotations[psp.AppArmorAllowedProfiles]
	allowed := strings.Split(listed, ",")
	switch {
	case !restricted:
		w.free("any profile")
	case byDefault != "" && slices.Contains(allowed, byDefault):
		w.refuse(w.call("not_allowed", set(allowed), term(listed)))
	default:
		w.refuse(w.call("not_allowed", set(allowed), term(listed)), w.call("default_not_allowed", term(byDefault), term(listed)))
	}
	if byDefault != "" {
		w.defaults(w.call("written", term(byDefault)))
	}
}
