// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func readOnlyRootFilesystem(w *writer, p *psp.PodSecurityPolicy) {
	if !p.Spec.ReadOnlyRootFilesystem {
		w.free("free to choose")
		return
	}
	w.flag()
	w.set("readOnlyRootFilesystem", "true", w.fact("unset"))
}
