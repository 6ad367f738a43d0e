// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"

	"psp2rego/translate/psp"
)

// appArmor follows NewStrategy in pkg/security/podsecuritypolicy/apparmor/strategy.go (v1.24.17).
func appArmor(w *writer, p *psp.PodSecurityPolicy) {
	byDefault := p.Annotations[psp.AppArmorDefaultProfile]
	listed, restricted := p.Annotations[psp.AppArmorAllowedProfiles]
	if restricted {
		w.refuse(w.call("not_allowed", set(strings.Split(listed, ",")), term(byDefault), term(listed)))
	} else {
		w.free("any profile")
	}
	if byDefault != "" {
		w.rule("writes[place][key] := %s if some [place, key] in %s", term(byDefault), w.fact("unset"))
	}
}
