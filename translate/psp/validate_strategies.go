// SPDX-License-Identifier: Apache-2.0

package psp

import (
	"fmt"
	"slices"
	"strings"

	"psp2rego/translate/diagnostic"
)

// strategies checks the rules and ranges of runAsUser, runAsGroup, seLinux, supplementalGroups and fsGroup.
func (v *validator) strategies(s *PodSecurityPolicySpec) {
	v.rule("spec.runAsUser", s.RunAsUser.Rule, MustRunAs, MustRunAsNonRoot, RunAsAny)
	v.ranges("spec.runAsUser", s.RunAsUser.Ranges)
	v.runAsGroup(s.RunAsGroup)
	v.rule("spec.seLinux", s.SELinux.Rule, MustRunAs, RunAsAny)
	v.rule("spec.supplementalGroups", s.SupplementalGroups.Rule, MustRunAs, MayRunAs, RunAsAny)
	v.ranges("spec.supplementalGroups", s.SupplementalGroups.Ranges)
	v.rule("spec.fsGroup", s.FSGroup.Rule, MustRunAs, MayRunAs, RunAsAny)
	v.ranges("spec.fsGroup", s.FSGroup.Ranges)
}

func (v *validator) rule(field string, rule Rule, known ...Rule) {
	if slices.Contains(known, rule) {
		return
	}
	words := make([]string, len(known))
	for i, r := range known {
		words[i] = string(r)
	}
	hint := "it is one of " + strings.Join(words, ", ")
	if rule == "" {
		v.add(field+".rule", diagnostic.UnknownRule, hint, "the rule is missing")
		return
	}
	v.add(field+".rule", diagnostic.UnknownRule, hint, "unknown rule %q", rule)
}

// ranges checks ranges of ids, whatever the rule.
func (v *validator) ranges(field string, ranges []IDRange) {
	for i, r := range ranges {
		field := fmt.Sprintf("%s.ranges[%d]", field, i)
		if r.Min < 0 {
			v.add(field+".min", diagnostic.InvalidRange, "", "min %d is negative", r.Min)
		}
		if r.Max < 0 {
			v.add(field+".max", diagnostic.InvalidRange, "", "max %d is negative", r.Max)
		}
		if r.Min > r.Max {
			v.add(field+".min", diagnostic.InvalidRange, "no id is in this range", "min %d is greater than max %d", r.Min, r.Max)
		}
	}
}

// runAsGroup is stricter about ranges than the others, and does not look into ranges that it refuses anyway.
func (v *validator) runAsGroup(o *RunAsGroupStrategyOptions) {
	if o == nil {
		return
	}
	const field = "spec.runAsGroup"
	switch o.Rule {
	case RunAsAny:
		if len(o.Ranges) > 0 {
			v.add(field+".ranges", diagnostic.GroupRanges, "they have no effect", "RunAsAny takes no ranges")
		}
	case MustRunAs, MayRunAs:
		if len(o.Ranges) == 0 {
			v.add(field+".ranges", diagnostic.GroupRanges, "", "%s needs at least one range", o.Rule)
		}
		v.ranges(field, o.Ranges)
	default:
		v.rule(field, o.Rule, MustRunAs, MayRunAs, RunAsAny)
	}
}

// runtimeClass checks the names of runtime classes.
func (v *validator) runtimeClass(o *RuntimeClassStrategyOptions) {
	if o == nil {
		return
	}
	const (
		allowed   = "spec.runtimeClass.allowedRuntimeClassNames"
		byDefault = "spec.runtimeClass.defaultRuntimeClassName"
	)
	seen := map[string]bool{}
	for i, name := range o.AllowedRuntimeClassNames {
		field := fmt.Sprintf("%s[%d]", allowed, i)
		if name != AllowAll && !isSubdomain(name) {
			v.add(field, diagnostic.RuntimeClass, "", "%q is no valid name of a runtime class", name)
		}
		if seen[name] {
			v.add(field, diagnostic.RuntimeClass, "", "%q is listed twice", name)
		}
		seen[name] = true
	}
	all := slices.Contains(o.AllowedRuntimeClassNames, AllowAll)
	if name := o.DefaultRuntimeClassName; name != nil {
		if !isSubdomain(*name) {
			v.add(byDefault, diagnostic.RuntimeClass, "", "%q is no valid name of a runtime class", *name)
		}
		if !all && !slices.Contains(o.AllowedRuntimeClassNames, *name) {
			v.add(byDefault, diagnostic.RuntimeClass, "every pod that names no runtime class is given this one and then refused",
				"the default %q is not among the allowed names", *name)
		}
	}
	if all && len(o.AllowedRuntimeClassNames) > 1 {
		v.add(allowed, diagnostic.RuntimeClass, "the other names have no effect", `"*" must be the only name`)
	}
}
