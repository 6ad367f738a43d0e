// SPDX-License-Identifier: Apache-2.0

package cases

// emptinessChanges set what is absent to something empty, or the other way round. Empty lists and maps
// equal absent ones when updates are compared; an empty object behind a pointer does not (section A7).
func (g *gen) emptinessChanges() []func(pod) {
	toggle := func(holder func(pod) Object, key string, empty any) func(pod) {
		return func(p pod) {
			o := holder(p)
			if _, ok := o[key]; ok && g.chance(0.5) {
				delete(o, key)
				return
			}
			o[key] = cloned(empty)
		}
	}
	first := func(p pod) Object { return p.containers()[0].Object }
	own := func(p pod) Object { return member(first(p), "securityContext") }
	return some(g, 3, 6,
		toggle(pod.spec, "nodeSelector", Object{}),
		toggle(pod.spec, "tolerations", []any{}),
		toggle(pod.spec, "hostAliases", []any{}),
		toggle(pod.spec, "imagePullSecrets", []any{}),
		toggle(pod.spec, "affinity", Object{}),
		toggle(pod.spec, "dnsConfig", Object{}),
		toggle(pod.spec, "overhead", Object{}),
		toggle(pod.spec, "initContainers", []any{}),
		toggle(pod.spec, "ephemeralContainers", []any{}),
		toggle(pod.spec, "readinessGates", []any{}),
		toggle(first, "securityContext", Object{}),
		toggle(first, "lifecycle", Object{}),
		toggle(first, "env", []any{}),
		toggle(first, "args", []any{}),
		toggle(first, "resources", Object{}),
		toggle(first, "resources", Object{"limits": Object{}}),
		toggle(own, "capabilities", Object{}),
		toggle(own, "capabilities", Object{"add": []any{}}),
		toggle(own, "seLinuxOptions", Object{}),
		toggle(own, "privileged", false),
		toggle(own, "runAsNonRoot", false),
		toggle(pod.securityContext, "sysctls", []any{}),
		toggle(pod.securityContext, "windowsOptions", Object{}),
		toggle(pod.meta, "labels", Object{}),
		toggle(pod.meta, "finalizers", []any{}),
	)
}
