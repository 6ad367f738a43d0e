// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func allowedHostPaths(w *writer, p *psp.PodSecurityPolicy) {
	switch {
	case len(p.Spec.AllowedHostPaths) == 0:
		w.free("any path")
	case !allowsVolume(p, "hostPath"):
		w.free("without effect: volumes of type hostPath are not allowed")
	default:
		w.refuse(w.call("not_allowed", term(p.Spec.AllowedHostPaths)))
	}
}
