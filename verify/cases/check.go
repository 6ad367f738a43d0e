// SPDX-License-Identifier: Apache-2.0

package cases

import "slices"

// check generates for one check of PodSecurityPolicy. The checks are those of section D of the
// semantics; each varies its own fields of policy and pod and no others, so that a verdict that
// flips between the two cases of a focus pair was flipped by this check.
type check struct {
	// name is the stem of the check's files, here and in the Rego library.
	name string
	// weight is how often the check is chosen, compared to the others: the more there is to it, the
	// more cases it gets. Zero is one.
	weight int
	// narrows says whether the policy demands anything in this check, or fills anything in.
	narrows func(p *Policy) bool
	// narrow gives the policy, which is lax in this check, another value. The generator asks for
	// odd values (gen.odd) now and then.
	narrow func(g *gen, p *Policy)
	// comply sets the pod's fields to something the policy accepts, if there is such a thing: often
	// nothing, when the policy has a default, or else values at the inner edges of what it names.
	comply func(g *gen, p *Policy, pod pod)
	// edge sets the pod's fields to values around the edges of what the policy names, most of them
	// outside.
	edge func(g *gen, p *Policy, pod pod)
}

// checks are all checks, in the order in which the plugin runs them (section D0).
func checks() []check {
	return []check{
		fsGroup(), supplementalGroups(), seccomp(), seLinux(),
		hostNetwork(), hostPID(), hostIPC(), sysctls(),
		volumes(), allowedHostPaths(), allowedFlexVolumes(), allowedCSIDrivers(), runtimeClass(),
		runAsUser(), runAsGroup(), appArmor(), privileged(), procMount(), capabilities(),
		hostPorts(), readOnlyRootFilesystem(), allowPrivilegeEscalation(),
	}
}

// weighted are the checks, each as often as it weighs.
func weighted(all []check) []check {
	var list []check
	for _, c := range all {
		for range max(1, c.weight) {
			list = append(list, c)
		}
	}
	return list
}

// theme are between low and high different checks, the weighty ones more often.
func (g *gen) theme(low, high int) []check {
	var chosen []check
	for _, c := range some(g, 1000, 1000, weighted(checks())...) {
		again := func(other check) bool { return other.name == c.name }
		if !slices.ContainsFunc(chosen, again) {
			chosen = append(chosen, c)
		}
	}
	return chosen[:low+g.IntN(high-low+1)]
}

// Checks are the names of all checks, in the order in which the plugin runs them.
func Checks() []string {
	var names []string
	for _, c := range checks() {
		names = append(names, c.name)
	}
	return names
}
