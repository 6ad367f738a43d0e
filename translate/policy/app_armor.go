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
	if restricted {
		// an empty element allows nothing: a profile must be set
		allowed := slices.DeleteFunc(strings.Split(listed, ","), func(profile string) bool { return profile == "" })
		w.profiles(allowed, byDefault, term(listed), "app_armor", "appArmorProfile")
	} else {
		w.free("any profile")
	}
	if byDefault != "" {
		w.fill(w.call("written", term(byDefault)))
	}
}
