// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

func seLinux(w *writer, p *psp.PodSecurityPolicy) {
	if p.Spec.SELinux.Rule == psp.RunAsAny {
		w.free("any options")
		return
	}
	options := term(p.Spec.SELinux.SELinuxOptions)
	w.demandOf(none(w.call("must_run_as", options)), "seLinuxOptions")
	w.tellAll(w.call("must_run_as", options))
	w.set("seLinuxOptions", options, w.fact("unset"))
}
