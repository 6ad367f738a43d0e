// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func privileged(w *writer, p *psp.PodSecurityPolicy) {
	if p.Spec.Privileged {
		w.free("allowed")
		return
	}
	w.flag()
}
