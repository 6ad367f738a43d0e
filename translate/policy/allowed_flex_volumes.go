// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func allowedFlexVolumes(w *writer, p *psp.PodSecurityPolicy) {
	drivers := make([]string, 0, len(p.Spec.AllowedFlexVolumes))
	for _, allowed := range p.Spec.AllowedFlexVolumes {
		drivers = append(drivers, allowed.Driver)
	}
	switch {
	case len(drivers) == 0:
		w.free("any driver")
	case !allowsVolume(p, "flexVolume"):
		w.free("without effect: volumes of type flexVolume are not allowed")
	default:
		w.allow(w.fact("used"), set(drivers), []string{"flexVolume"})
	}
}
