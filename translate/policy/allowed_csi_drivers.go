// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func allowedCSIDrivers(w *writer, p *psp.PodSecurityPolicy) {
	drivers := make([]string, 0, len(p.Spec.AllowedCSIDrivers))
	for _, allowed := range p.Spec.AllowedCSIDrivers {
		drivers = append(drivers, allowed.Name)
	}
	switch {
	case len(drivers) == 0:
		w.free("any driver")
	case !allowsVolume(p, "csi"):
		w.free("without effect: volumes of type csi are not allowed")
	default:
		w.allow(w.fact("used"), set(drivers), []string{"csi"})
	}
}
