// SPDX-License-Identifier: Apache-2.0

package psp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"psp2rego/translate/diagnostic"
)

// Problem is one reason why the API server would refuse a policy.
type Problem struct {
	// Field is the path of the offending value (spec.hostPorts[1].min).
	Field string
	// Code is a code of package diagnostic.
	Code string
	// Message says what is wrong; Hint what to do.
	Message, Hint string
}

// Validate lists what the API server would refuse about a policy that is written today. Policies stored by older versions
// may still break these rules, and the plugin evaluates them all the same; so does the translation. The policy must have
// gone through Default. Of a policy with very many problems not all are listed (pkg/apis/policy/validation/validation.go, v1.24.17; field paths and words are ours).
func Validate(p *PodSecurityPolicy) []Problem {
	v := &validator{}
	v.metadata(p)
	v.profiles(p.Annotations)
	v.strategies(&p.Spec)
	v.volumes(&p.Spec)
	v.privileges(&p.Spec)
	v.sysctls(&p.Spec)
	v.runtimeClass(p.Spec.RuntimeClass)
	return v.problems
}

type validator struct{ problems []Problem }

// maxProblems is how many problems are listed of one policy.
const maxProblems = 100

func (v *validator) add(field, code, hint, format string, args ...any) {
	if len(v.problems) == maxProblems {
		return
	}
	v.problems = append(v.problems, Problem{Field: field, Code: code, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// metadata checks the name, labels and annotations.
func (v *validator) metadata(p *PodSecurityPolicy) {
	if !isSubdomain(p.Name) {
		v.add("metadata.name", diagnostic.InvalidName,
			"use lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
			"%q is no valid name", p.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(p.Labels)) {
		if len(validation.IsQualifiedName(key)) > 0 || len(validation.IsValidLabelValue(p.Labels[key])) > 0 {
			v.add("metadata.labels["+key+"]", diagnostic.InvalidMetadata, "", "label %q=%q is not valid", key, p.Labels[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Annotations)) {
		if len(validation.IsQualifiedName(strings.ToLower(key))) > 0 {
			v.add("metadata.annotations["+key+"]", diagnostic.InvalidMetadata,
				"a key is a name of at most 63 characters, after a DNS name and a slash if it has a prefix",
				"annotation key %q is not valid", key)
		}
	}
}

// isSubdomain reports whether a name is a DNS subdomain, as names of policies and runtime classes have to be.
func isSubdomain(name string) bool { return len(validation.IsDNS1123Subdomain(name)) == 0 }

// profiles checks the four annotations. An empty value is not examined, except as an element of a list.
func (v *validator) profiles(annotations map[string]string) {
	if p := annotations[AppArmorDefaultProfile]; p != "" {
		v.appArmor(AppArmorDefaultProfile, p)
	}
	if list := annotations[AppArmorAllowedProfiles]; list != "" {
		for p := range strings.SplitSeq(list, ",") {
			v.appArmor(AppArmorAllowedProfiles, p)
		}
	}
	if p := annotations[SeccompDefaultProfile]; p != "" {
		v.seccomp(SeccompDefaultProfile, p)
	}
	if list := annotations[SeccompAllowedProfiles]; list != "" {
		for p := range strings.SplitSeq(list, ",") {
			if p != AllowAll {
				v.seccomp(SeccompAllowedProfiles, p)
			}
		}
	}
}

func (v *validator) appArmor(key, profile string) {
	if profile == "" || profile == "runtime/default" || profile == "unconfined" || strings.HasPrefix(profile, "localhost/") {
		return
	}
	v.add("metadata.annotations["+key+"]", diagnostic.AppArmorProfile,
		"a profile is runtime/default, unconfined or localhost/<name>; lists are separated by commas without blanks",
		"%q is no AppArmor profile", profile)
}

func (v *validator) seccomp(key, profile string) {
	switch profile {
	case "runtime/default", "docker/default", "unconfined":
		return
	}
	path, local := strings.CutPrefix(profile, "localhost/")
	if local && !strings.HasPrefix(path, "/") && !hasBackstep(path) {
		return
	}
	v.add("metadata.annotations["+key+"]", diagnostic.SeccompProfile,
		"a profile is runtime/default, docker/default, unconfined or localhost/<relative path>; lists are separated by "+
			"commas without blanks",
		"%q is no seccomp profile", profile)
}

// hasBackstep reports whether a path has an element "..".
func hasBackstep(path string) bool { return slices.Contains(strings.Split(path, "/"), "..") }
