// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"encoding/json"
	"slices"
	"strings"

	"psp2rego/translate/psp"
)

// assignment is what a mutator writes where nothing is.
type assignment struct {
	name     string // the middle of the mutator's name
	location string
	value    any
}

// defaults are what a policy writes, step by step as MutatePod and mutateContainer do it (pkg/security/podsecuritypolicy/provider.go,
// v1.24.17). The annotation with the policy's name is none of them: it decides nothing, and docs/gatekeeper.md says what becomes of it.
func defaults(p *psp.PodSecurityPolicy, minor int) []Default {
	var all []Default
	for _, step := range []func(*psp.PodSecurityPolicy, int) []Default{podFields, profiles, containerIDs, containerFields} {
		all = append(all, step(p, minor)...)
	}
	return all
}

// maxExact is the largest integer that Gatekeeper, to which numbers are floating point, writes as it is given.
const maxExact = 1 << 53

// ofPod is a default that is written if the pod's own field is unset, and nothing else is looked at.
func ofPod(field, name string, value any) Default {
	d := newDefault("spec."+field, value)
	d.assigns = []assignment{{name, "spec." + field, value}}
	return d.unlessTooLarge(value)
}

// ofContainers is one that is written to each container whose own field is unset.
func ofContainers(field, name string, value any) Default {
	d := newDefault("spec.containers[*].securityContext."+field, value)
	for _, list := range []struct{ field, suffix string }{
		{"initContainers", "-init"}, {"containers", ""}, {"ephemeralContainers", "-ephemeral"},
	} {
		d.assigns = append(d.assigns, assignment{name + list.suffix, "spec." + list.field + "[name: *].securityContext." + field, value})
	}
	return d
}

func newDefault(field string, value any) Default {
	return Default{Field: field, Value: text(value), Expression: Exact, Why: "written if the field itself is unset, which is all that a mutator can ask"}
}

// inexactly is a default that mutators do not write.
func inexactly(how Expression, field, value, why string) Default {
	return Default{Field: field, Value: value, Expression: how, Why: why}
}

func (d Default) unlessTooLarge(value any) Default {
	id, ok := value.(int64)
	if ids, list := value.([]int64); list {
		id, ok = slices.Max(ids), true
	}
	if ok && id > maxExact {
		return inexactly(NotExpressible, d.Field, d.Value, "Gatekeeper reads numbers as floating point, which has fewer digits (pkg/mutation/types/anything.go)")
	}
	return d
}

func text(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // values of a policy always marshal
	}
	return string(data)
}

// podFields are those of MutatePod: written if unset, whatever else the pod says.
func podFields(p *psp.PodSecurityPolicy, _ int) []Default {
	var all []Default
	s := &p.Spec
	if s.SupplementalGroups.Rule == psp.MustRunAs {
		all = append(all, ofPod("securityContext.supplementalGroups", "supplemental-groups", []int64{s.SupplementalGroups.Ranges[0].Min}))
	}
	if s.FSGroup.Rule == psp.MustRunAs {
		all = append(all, ofPod("securityContext.fsGroup", "fs-group", s.FSGroup.Ranges[0].Min))
	}
	if s.SELinux.Rule == psp.MustRunAs {
		all = append(all, ofPod("securityContext.seLinuxOptions", "se-linux-options", options(s.SELinux.SELinuxOptions)))
	}
	if s.RuntimeClass != nil && s.RuntimeClass.DefaultRuntimeClassName != nil {
		all = append(all, ofPod("runtimeClassName", "runtime-class", *s.RuntimeClass.DefaultRuntimeClassName))
	}
	return all
}

// options are SELinux options as a pod has them.
func options(o *psp.SELinuxOptions) map[string]string {
	options := map[string]string{}
	for key, value := range map[string]string{"user": o.User, "role": o.Role, "type": o.Type, "level": o.Level} {
		if value != "" {
			options[key] = value
		}
	}
	return options
}

const (
	firstSeccompField  = 25 // the API servers from which on psp2rego writes seccomp profiles as fields
	firstAppArmorField = 30 // and AppArmor profiles
	firstProcMount     = 33 // the first that leaves procMount as it is
)

// profiles are what is written by profiles of seccomp and AppArmor, and for procMount, by all that the pod says about them.
func profiles(p *psp.PodSecurityPolicy, minor int) []Default {
	var all []Default
	field := "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]"
	if minor >= firstSeccompField {
		field = "spec.securityContext.seccompProfile"
	}
	if profile := p.Annotations[psp.SeccompDefaultProfile]; profile != "" {
		all = append(all, inexactly(NotExpressible, field, text(profile),
			"written if neither the pod's annotation nor its field has a profile, and a mutator sees only what it writes (Generate in seccomp/strategy.go)"))
	}
	if acceptsSeccomp(p) {
		all = append(all, inexactly(NotExpressible, field, "what the pod's annotation or field says",
			"the one is derived from the other, under every policy, and a mutator copies nothing (Generate in seccomp/strategy.go, applySeccompVersionSkew)"))
	}
	if profile := p.Annotations[psp.AppArmorDefaultProfile]; profile != "" {
		d := inexactly(NotExpressible, "metadata.annotations[container.apparmor.security.beta.kubernetes.io/*]", text(profile),
			"there is a key for each container's name, and a mutator cannot make keys of names (Generate in apparmor/strategy.go)")
		if minor >= firstAppArmorField {
			d.Field, d.Why = "spec.containers[*].securityContext.appArmorProfile",
				"written if the container's field, its annotation and the pod's field have no profile, and a mutator sees only what it writes (Generate in apparmor/strategy.go)"
		}
		all = append(all, d)
	}
	unmasked := func(t psp.ProcMountType) bool { return t != psp.ProcMountDefault }
	if minor >= firstProcMount && slices.ContainsFunc(p.Spec.AllowedProcMountTypes, unmasked) {
		all = append(all, inexactly(NotExpressible, "spec.containers[*].securityContext.procMount", `"Default"`,
			"written over a value that the policy has judged, and a mutator would write before it is judged (PrepareForCreate in pkg/registry/core/pod/strategy.go)"))
	}
	return all
}

// acceptsSeccomp says whether the policy accepts pods that ask for a seccomp profile.
func acceptsSeccomp(p *psp.PodSecurityPolicy) bool {
	listed, ok := p.Annotations[psp.SeccompAllowedProfiles]
	return ok && strings.Trim(listed, ",") != ""
}

// containerIDs are written to containers by what container and pod say together.
func containerIDs(p *psp.PodSecurityPolicy, _ int) []Default {
	const inherited = "written to each container if neither it nor the pod has one; a mutator that writes a container's field cannot look at the pod's, and would override it. " +
		"Written to the pod it has the same effect, and leaves another pod (mutateContainer in provider.go)"
	var all []Default
	s := &p.Spec
	if s.RunAsUser.Rule == psp.MustRunAs {
		all = append(all, inexactly(Effective, "spec.containers[*].securityContext.runAsUser", text(s.RunAsUser.Ranges[0].Min), inherited))
	}
	if s.RunAsGroup != nil && s.RunAsGroup.Rule == psp.MustRunAs {
		all = append(all, inexactly(Effective, "spec.containers[*].securityContext.runAsGroup", text(s.RunAsGroup.Ranges[0].Min), inherited))
	}
	if s.RunAsUser.Rule == psp.MustRunAsNonRoot {
		all = append(all, inexactly(Effective, "spec.containers[*].securityContext.runAsNonRoot", "true",
			"written to each container for which neither it nor the pod has runAsNonRoot or runAsUser; a mutator cannot look at the others. "+
				"Written to the pod it has the same effect, and leaves another pod (mutateContainer in provider.go)"))
	}
	return all
}

// containerFields are written to containers by what they say themselves.
func containerFields(p *psp.PodSecurityPolicy, _ int) []Default {
	var all []Default
	s := &p.Spec
	if len(s.DefaultAddCapabilities) > 0 {
		all = append(all, inexactly(NotExpressible, "spec.containers[*].securityContext.capabilities.add", text(s.DefaultAddCapabilities),
			"added unless the container drops them, and a mutator of one list cannot look at the other (Generate in capabilities/capabilities.go)"))
	}
	if len(s.RequiredDropCapabilities) > 0 {
		all = append(all, inexactly(Effective, "spec.containers[*].securityContext.capabilities.drop", text(s.RequiredDropCapabilities),
			"merged with the container's own, both lists sorted and without duplicates; ModifySet appends, and sorts nothing (Generate in capabilities/capabilities.go)"))
	}
	if s.ReadOnlyRootFilesystem {
		all = append(all, ofContainers("readOnlyRootFilesystem", "read-only-root-filesystem", true))
	}
	switch {
	case s.DefaultAllowPrivilegeEscalation != nil:
		all = append(all, ofContainers("allowPrivilegeEscalation", "allow-privilege-escalation", *s.DefaultAllowPrivilegeEscalation))
	case s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation:
		all = append(all, ofContainers("allowPrivilegeEscalation", "allow-privilege-escalation", false))
	}
	return all
}
