// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"maps"
	"slices"
)

// Decision is something that a policy decides, and that has to be seen deciding before it counts as
// verified: one check, in which it refuses some pods or fills something in.
type Decision struct {
	Policy, Check string
	// Refuses is false for a check in which the policy refuses nothing and fills in a default.
	Refuses bool
}

// Decisions are those of the policies that somebody may use, as it seems: in the order of the
// policies and of the checks. A policy that no provider can be built of decides nothing (section B3).
func (c *Cluster) Decisions() []Decision {
	var all []Decision
	for _, o := range c.decisive {
		all = append(all, Decision{o.policy.Name(), o.check.name, o.refuses})
	}
	return all
}

// occasion is a Decision with what it takes to bring it about.
type occasion struct {
	policy  *Policy
	check   check
	refuses bool
}

func (c *Cluster) occasions() []occasion {
	var all []occasion
	for _, p := range c.granted() {
		if !p.usable() {
			continue
		}
		for _, check := range c.checks {
			refuses := violate(check.name, p, barePod())
			if refuses || fills(check.name, p) {
				all = append(all, occasion{p, check, refuses})
			}
		}
	}
	return all
}

// Of a given cluster, rounds of decisive pairs come first, two in each three groups: one round that
// ends in what the policy decides, one that begins with it. Then one group in laterPairs goes on with
// them, so that what an unlucky pair left undecided is asked again. Of a generated cluster one group
// in generatedPairs is such a pair, for all checks that its policies decide alike.
const (
	decisiveRounds = 2
	laterPairs     = 4
	generatedPairs = 5
)

// decisiveGroup makes the decisive pair that the group is set aside for, if it is.
func (g *gen) decisiveGroup(group int) []Case {
	occasions := g.cluster.decisive
	if len(occasions) == 0 {
		return nil
	}
	if g.cluster.generated {
		if group%generatedPairs > 0 {
			return nil
		}
		return g.decisivePair(g.promising(occasions), g.chance(0.5))
	}
	first := decisiveRounds * len(occasions)
	turn := group - group/3
	switch {
	case turn >= first && group%laterPairs == 0:
		turn = group / laterPairs
	case turn >= first || group%3 == 2:
		return nil
	}
	return g.decisivePair(occasions[turn%len(occasions)], turn/len(occasions)%2 == 1)
}

// promising picks an occasion, all checks alike, and mostly one of a check that each policy decides,
// so that no other policy lets in what this one refuses.
func (g *gen) promising(occasions []occasion) occasion {
	byCheck, policies := map[string][]occasion{}, map[*Policy]bool{}
	for _, o := range occasions {
		byCheck[o.check.name] = append(byCheck[o.check.name], o)
		policies[o.policy] = true
	}
	everywhere := func(check string) bool { return len(byCheck[check]) == len(policies) }
	names := slices.Sorted(maps.Keys(byCheck))
	if rest := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !everywhere(n) }); len(rest) > 0 && g.chance(0.8) {
		names = rest
	}
	return pick(g, byCheck[pick(g, names...)]...)
}

// decisivePair is a plain pod that the policy accepts, and the same pod with what the policy refuses
// in one check, or else with what it would fill in; backward is the other way round.
func (g *gen) decisivePair(o occasion, backward bool) []Case {
	g.settings.Use, g.settings.ManyContainers = 0, g.settings.ManyContainers/2
	a := g.granted(o.policy.Name())
	if g.cluster.only {
		a.user.Groups, a.namespace, a.accountless = nil, syntheticNamespace, true
	}
	name := o.check.name
	used := name
	if !o.refuses {
		used = "" // leave open what the policy fills in
	}
	before := g.compliant(o.policy, used)
	a.dress(before)
	after := before.clone()
	if o.refuses {
		violate(name, o.policy, after)
	} else {
		g.explicit = true
		o.check.comply(g, o.policy, after)
	}
	if backward {
		before, after = after, before
	}
	return []Case{
		{Kind: Focus, Check: name, Request: g.create(a, before)},
		{Kind: Focus, Check: name, Paired: true, Request: g.create(a, after)},
	}
}

// barePod is the least that a pod can be.
func barePod() pod {
	p := pod{Object{}}
	p.addContainer("containers", "c")
	return p
}

// usable says whether a provider can be built of the policy
// (pkg/security/podsecuritypolicy/factory.go, v1.24.17).
func (p *Policy) usable() bool {
	ids := func(s IDStrategy) bool {
		return s.Rule == "RunAsAny" || (s.Rule == "MustRunAs" || s.Rule == "MayRunAs") && len(s.Ranges) > 0
	}
	user := p.Spec.RunAsUser
	return (user.Rule == "MustRunAsNonRoot" || user.Rule != "MayRunAs" && ids(user)) &&
		ids(groupStrategy(p)) && ids(p.Spec.FSGroup) && ids(p.Spec.SupplementalGroups) &&
		(p.Spec.SELinux.Rule == "RunAsAny" || p.Spec.SELinux.Rule == "MustRunAs" && p.Spec.SELinux.Options != nil)
}

// fills says whether the policy writes something, in a check, to a pod that leaves it open (section E
// of the semantics).
func fills(check string, p *Policy) bool {
	must := func(rule string) bool { return rule == "MustRunAs" }
	switch check {
	case "fs_group":
		return must(p.Spec.FSGroup.Rule)
	case "supplemental_groups":
		return must(p.Spec.SupplementalGroups.Rule)
	case "run_as_group":
		return must(groupStrategy(p).Rule)
	case "run_as_user":
		return slices.Contains([]string{"MustRunAs", "MustRunAsNonRoot"}, p.Spec.RunAsUser.Rule)
	case "se_linux":
		return must(p.Spec.SELinux.Rule)
	case "seccomp":
		profile, _ := p.annotation(seccompDefault)
		return profile != ""
	case "app_armor":
		profile, _ := p.annotation(appArmorDefault)
		return profile != ""
	case "runtime_class":
		return p.Spec.RuntimeClass != nil && p.Spec.RuntimeClass.Default != nil
	case "capabilities":
		return len(p.Spec.DefaultAddCapabilities)+len(p.Spec.RequiredDropCapabilities) > 0
	case "read_only_root_filesystem":
		return p.Spec.ReadOnlyRootFilesystem
	case "allow_privilege_escalation":
		return !p.escalation() || p.Spec.DefaultAllowEscalation != nil
	}
	return false
}
