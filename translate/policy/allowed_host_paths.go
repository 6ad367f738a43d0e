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
		entries := term(explicit(p.Spec.AllowedHostPaths))
		allows := w.call("allows", "value", entries)
		w.demandOf(every(w.fact("used"), allows), "hostPath")
		w.tell(w.fact("used"), "not_allowed", []rego{entries}, "not "+allows)
	}
}

// explicit spells out both fields of every entry: an empty prefix, which the API refuses today but older versions may have stored,
// holds "" and every path that begins with a slash.
func explicit(entries []psp.AllowedHostPath) []map[string]any {
	spelled := make([]map[string]any, len(entries))
	for i, entry := range entries {
		spelled[i] = map[string]any{"pathPrefix": entry.PathPrefix, "readOnly": entry.ReadOnly}
	}
	return spelled
}
