// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func hostIPC(w *writer, p *psp.PodSecurityPolicy) {
	if p.Spec.HostIPC {
		w.free("allowed")
		return
	}
	w.flag()
}
