// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func hostPID(w *writer, p *psp.PodSecurityPolicy) {
	if p.Spec.HostPID {
		w.free("allowed")
		return
	}
	w.flag()
}
