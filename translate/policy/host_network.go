// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func hostNetwork(w *writer, p *psp.PodSecurityPolicy) {
	if p.Spec.HostNetwork {
		w.free("allowed")
		return
	}
	w.flag()
}
