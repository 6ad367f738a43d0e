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
		w.limit(term(explicit(p.Spec.AllowedHostPaths)))
		w.refuse("{value | some value in " + w.fact("used") + "; not " + w.call("allows", "value", w.limits()) + "}")
		w.tell("not_allowed", w.limits())
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
