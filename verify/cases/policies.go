// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"slices"
	"strings"
)

// policies makes between none and MaxPolicies policies with different names. They narrow the same
// few checks, each in its own way, so that the choice among them matters.
func (g *gen) policies() []*Policy {
	n := 0
	if !g.chance(0.03) {
		n = 1 + g.IntN(g.settings.MaxPolicies)
	}
	names := some(g, n, n, policyNames()...)
	if n > 0 && g.chance(g.settings.OddPolicies/4) {
		names[0] = pick(g, "Upper", "with space", "quote\"d", "new\nline", "ünï", "under_score",
			"data.lib.psp", strings.Repeat("long-", 50)+"n")
	}
	theme := g.theme(1, 6)
	useless := g.chance(g.settings.OddPolicies / 4) // all of them: as if there were none
	var all []*Policy
	for _, name := range names {
		p := g.policy(name, theme)
		if useless || g.chance(g.settings.OddPolicies/4) {
			g.unusable(p)
		}
		all = append(all, p)
	}
	return all
}

// unusable takes from the policy what a provider is built of (section B3), in one way or another.
func (g *gen) unusable(p *Policy) {
	broken := IDStrategy{Rule: pick(g, "MustRunAs", "MustRunAs", "MayRunAs", "", "runAsAny", "MustRunAsRange")}
	switch g.IntN(5) {
	case 0:
		p.Spec.RunAsUser = broken
	case 1:
		p.Spec.RunAsGroup = &broken
	case 2:
		p.Spec.FSGroup = broken
	case 3:
		p.Spec.SupplementalGroups = broken
	default:
		p.Spec.SELinux = SELinux{Rule: broken.Rule} // no rule but RunAsAny goes without options
	}
}

// policyNames are names whose byte order is easy to get wrong, whose spelling is easy to take
// for something else, or whose length makes a warning just fit, or not.
func policyNames() []string {
	return []string{
		strings.Repeat("w", 37), strings.Repeat("w", 38), strings.Repeat("warn-", 12) + "w",
		"a", "a-b", "a.b", "a0", "ab", "a--b", "b", "0", "00", "10", "9", "default", "privileged", "restricted",
		"true", "null", "package", "restricted-2", "restricted.2", "restricted2", "z", "zz", "x--y", "x.y.z",
	}
}

// policy makes a policy that is lax but for the checks it narrows: mostly those of the theme.
func (g *gen) policy(name string, theme []check) *Policy {
	p := lax(name)
	if g.chance(0.05) {
		p.Metadata.Annotations = nil
	}
	if g.chance(0.1) {
		p.APIVersion = "extensions/v1beta1"
	}
	if g.chance(0.04) {
		return p
	}
	for _, c := range theme {
		if g.chance(0.85) {
			c.narrow(g, p)
		}
	}
	restrict := g.settings.Restrict
	if g.chance(0.1) {
		restrict = 1
	}
	for _, c := range checks() {
		if g.chance(restrict) && !slices.ContainsFunc(theme, func(t check) bool { return t.name == c.name }) {
			c.narrow(g, p)
		}
	}
	return p
}

// odd says whether the value that is being made should be an odd one.
func (g *gen) odd() bool { return g.chance(g.settings.OddPolicies) }
