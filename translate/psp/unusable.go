// SPDX-License-Identifier: Apache-2.0

package psp

import (
	"fmt"
	"strings"

	"psp2rego/translate/diagnostic"
)

// Unusable says why the admission plugin can build no provider for a policy, or "" if it can. An unusable policy is
// skipped: it accepts nothing and its refusals are never shown.
func Unusable(p *PodSecurityPolicy) string {
	var reasons []string
	for _, o := range Obstacles(p) {
		reasons = append(reasons, o.Field+" "+o.Message)
	}
	return strings.Join(reasons, "; ")
}

// Obstacles lists the strategies that make a policy unusable (pkg/security/podsecuritypolicy/factory.go and the
// constructors of the user, group and selinux strategies, v1.24.17).
func Obstacles(p *PodSecurityPolicy) []Problem {
	var obstacles []Problem
	add := func(field, reason string) {
		if reason != "" {
			obstacles = append(obstacles, Problem{
				Field: field, Code: diagnostic.Unusable, Message: reason,
				Hint: "the policy allows nothing and forbids nothing, exactly as in Kubernetes; complete it or delete it",
			})
		}
	}
	s := &p.Spec
	add("spec.runAsUser", unusableUser(s.RunAsUser))
	if s.RunAsGroup != nil {
		add("spec.runAsGroup", unusableGroup(s.RunAsGroup.Rule, s.RunAsGroup.Ranges))
	}
	add("spec.seLinux", unusableSELinux(s.SELinux))
	add("spec.fsGroup", unusableGroup(s.FSGroup.Rule, s.FSGroup.Ranges))
	add("spec.supplementalGroups", unusableGroup(s.SupplementalGroups.Rule, s.SupplementalGroups.Ranges))
	return obstacles
}

func unusableUser(o RunAsUserStrategyOptions) string {
	switch o.Rule {
	case MustRunAs:
		if len(o.Ranges) == 0 {
			return "is MustRunAs without ranges"
		}
	case MustRunAsNonRoot, RunAsAny:
	default:
		return unknownRule(o.Rule)
	}
	return ""
}

func unusableGroup(rule Rule, ranges []IDRange) string {
	switch rule {
	case MustRunAs, MayRunAs:
		if len(ranges) == 0 {
			return fmt.Sprintf("is %s without ranges", rule)
		}
	case RunAsAny:
	default:
		return unknownRule(rule)
	}
	return ""
}

func unusableSELinux(o SELinuxStrategyOptions) string {
	switch o.Rule {
	case MustRunAs:
		if o.SELinuxOptions == nil {
			return "is MustRunAs without seLinuxOptions"
		}
	case RunAsAny:
	default:
		return unknownRule(o.Rule)
	}
	return ""
}

func unknownRule(rule Rule) string {
	if rule == "" {
		return "has no rule"
	}
	return fmt.Sprintf("has the unknown rule %q", rule)
}
