// SPDX-License-Identifier: Apache-2.0

package psp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"psp2rego/translate/diagnostic"
)

// VolumeTypes are the volume types that a policy can name, besides AllowAll, in alphabetical order
// (pkg/security/podsecuritypolicy/util/util.go, GetAllFSTypesAsSet, v1.24.17).
func VolumeTypes() []FSType {
	return []FSType{
		"awsElasticBlockStore", "azureDisk", "azureFile", "cephFS", "cinder", "configMap", "csi", "downwardAPI", "emptyDir",
		"ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "iscsi", "nfs",
		"persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd", "scaleIO", "secret",
		"storageos", "vsphereVolume",
	}
}

// volumes checks volume types and the lists that limit single types.
func (v *validator) volumes(s *PodSecurityPolicySpec) {
	for i, t := range s.Volumes {
		if t != AllowAll && !slices.Contains(VolumeTypes(), t) {
			v.add(fmt.Sprintf("spec.volumes[%d]", i), diagnostic.UnknownVolume,
				"it allows nothing; volume types are spelled as in pods, except cephFS", "unknown volume type %q", t)
		}
	}
	for i, p := range s.AllowedHostPaths {
		field := fmt.Sprintf("spec.allowedHostPaths[%d].pathPrefix", i)
		if p.PathPrefix == "" {
			v.add(field, diagnostic.InvalidHostPath, "an empty prefix matches every path that starts with a slash",
				"the prefix is missing")
			break // upstream stops here, too
		}
		if hasBackstep(p.PathPrefix) {
			v.add(field, diagnostic.InvalidHostPath, "prefixes are compared as plain text", "%q has an element \"..\"", p.PathPrefix)
		}
	}
	for i, f := range s.AllowedFlexVolumes {
		if f.Driver == "" {
			v.add(fmt.Sprintf("spec.allowedFlexVolumes[%d].driver", i), diagnostic.InvalidFlexVolume, "", "the driver is missing")
		}
	}
	for i, d := range s.AllowedCSIDrivers {
		if len(d.Name) > 63 || len(validation.IsDNS1123Subdomain(strings.ToLower(d.Name))) > 0 {
			v.add(fmt.Sprintf("spec.allowedCSIDrivers[%d].name", i), diagnostic.InvalidCSIDriver,
				"a driver is named like a domain, in at most 63 characters", "%q is no valid driver name", d.Name)
		}
	}
}

// privileges checks capabilities, privilege escalation and procMount.
func (v *validator) privileges(s *PodSecurityPolicySpec) {
	if len(s.RequiredDropCapabilities) > 0 && slices.Contains(s.AllowedCapabilities, AllowAll) {
		v.add("spec.requiredDropCapabilities", diagnostic.CapabilityConflict, "pods are still given these drops",
			`there is nothing to drop when allowedCapabilities has "*"`)
	}
	v.undropped(s, "spec.defaultAddCapabilities", s.DefaultAddCapabilities)
	v.undropped(s, "spec.allowedCapabilities", s.AllowedCapabilities)
	if isTrue(s.DefaultAllowPrivilegeEscalation) && !isTrue(s.AllowPrivilegeEscalation) {
		v.add("spec.defaultAllowPrivilegeEscalation", diagnostic.EscalationConflict,
			"every container that leaves the field unset is given true and then refused",
			"true contradicts allowPrivilegeEscalation false")
	}
	for i, t := range s.AllowedProcMountTypes {
		if t != ProcMountDefault && t != ProcMountUnmasked {
			v.add(fmt.Sprintf("spec.allowedProcMountTypes[%d]", i), diagnostic.InvalidProcMount,
				"it is Default or Unmasked", "unknown procMount type %q", t)
		}
	}
}

func (v *validator) undropped(s *PodSecurityPolicySpec, field string, names []Capability) {
	dropped := map[Capability]bool{}
	for _, name := range s.RequiredDropCapabilities {
		dropped[name] = true
	}
	for i, name := range names {
		if dropped[name] {
			v.add(fmt.Sprintf("%s[%d]", field, i), diagnostic.CapabilityConflict, "a container cannot have both",
				"%q is also in requiredDropCapabilities", name)
		}
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

// sysctlPattern is upstream's SysctlPatternFmt: dotted lower-case segments, of which the last may end in "*".
var sysctlPattern = regexp.MustCompile(`^([a-z0-9]([-_a-z0-9]*[a-z0-9])?\.)*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]$`)

const (
	maxSysctl = 253
	// maxComparisons keeps lists that are far longer than any that a kernel has sysctls for from taking minutes.
	maxComparisons = 1 << 22
)

// sysctls checks both lists and that they have nothing in common.
func (v *validator) sysctls(s *PodSecurityPolicySpec) {
	const allowed, forbidden = "spec.allowedUnsafeSysctls", "spec.forbiddenSysctls"
	v.sysctlList(allowed, s.AllowedUnsafeSysctls)
	v.sysctlList(forbidden, s.ForbiddenSysctls)
	if len(s.AllowedUnsafeSysctls)*len(s.ForbiddenSysctls) > maxComparisons {
		return
	}
	for i, a := range s.AllowedUnsafeSysctls {
		for j, f := range s.ForbiddenSysctls {
			const hint = "what is in both lists is forbidden"
			switch {
			case covers(f, a):
				v.add(fmt.Sprintf("%s[%d]", allowed, i), diagnostic.SysctlOverlap, hint, "%q is also forbidden, by %q", a, f)
			case covers(a, f):
				v.add(fmt.Sprintf("%s[%d]", forbidden, j), diagnostic.SysctlOverlap, hint, "%q is also allowed, by %q", f, a)
			}
		}
	}
}

func (v *validator) sysctlList(field string, list []string) {
	for i, name := range list {
		switch field := fmt.Sprintf("%s[%d]", field, i); {
		case name == "":
			v.add(field, diagnostic.InvalidSysctl, "", "the name is empty")
		case len(name) > maxSysctl || !sysctlPattern.MatchString(name):
			v.add(field, diagnostic.InvalidSysctl,
				"names are lower-case segments with dots between them; only the end may be '*'", "%q is no valid sysctl pattern", name)
		}
	}
	if len(list) > 1 && slices.Contains(list, AllowAll) {
		v.add(field, diagnostic.SysctlWildcard, "the other names have no effect", `"*" must be the only name`)
	}
}

// covers reports whether everything that one name or prefix pattern stands for is also covered by another.
func covers(pattern, name string) bool {
	prefix, isPrefix := strings.CutSuffix(pattern, "*")
	if !isPrefix {
		return pattern == name
	}
	return strings.HasPrefix(strings.TrimSuffix(name, "*"), prefix)
}
