// SPDX-License-Identifier: Apache-2.0

// Package psp is the PodSecurityPolicy API as Kubernetes 1.24 served it: its types, its defaulting, what the API server
// refuses and what the admission plugin cannot use. k8s.io/api dropped the types in v0.36; these read and write the same
// JSON as staging/src/k8s.io/api/policy/v1beta1/types.go at v1.24.17 (policy/v1beta1, and extensions/v1beta1, which
// had the same fields).
package psp

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotations of a PodSecurityPolicy that the admission plugin reads
// (pkg/security/podsecuritypolicy/seccomp/strategy.go and staging/src/k8s.io/api/core/v1/annotation_key_constants.go,
// v1.24.17). Absent and empty differ for the lists.
const (
	// SeccompDefaultProfile is the profile written to a pod that has none.
	SeccompDefaultProfile = "seccomp.security.alpha.kubernetes.io/defaultProfileName"
	// SeccompAllowedProfiles is a comma-separated list of the profiles a pod may ask for; "*" allows any.
	SeccompAllowedProfiles = "seccomp.security.alpha.kubernetes.io/allowedProfileNames"
	// AppArmorDefaultProfile is the profile written to a container that has none.
	AppArmorDefaultProfile = "apparmor.security.beta.kubernetes.io/defaultProfileName"
	// AppArmorAllowedProfiles is a comma-separated list of the profiles a container may ask for.
	AppArmorAllowedProfiles = "apparmor.security.beta.kubernetes.io/allowedProfileNames"
)

// Profiles are the annotations of a policy that the admission plugin reads, those that are there.
func Profiles(p *PodSecurityPolicy) map[string]string {
	profiles := map[string]string{}
	for _, key := range [...]string{SeccompDefaultProfile, SeccompAllowedProfiles, AppArmorDefaultProfile, AppArmorAllowedProfiles} {
		if value, ok := p.Annotations[key]; ok {
			profiles[key] = value
		}
	}
	return profiles
}

// AllowAll is the entry of allowedCapabilities, volumes and allowedRuntimeClassNames, and of the seccomp list, that
// allows everything.
const AllowAll = "*"

// PodSecurityPolicy governs which security-relevant fields a pod may ask for and which it is given. Cluster-scoped.
type PodSecurityPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// ObjectMeta carries the four annotations above besides the usual metadata.
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// Spec defines the policy.
	Spec PodSecurityPolicySpec `json:"spec,omitempty"`
}

// PodSecurityPolicySpec is the policy. An unset field restricts unless its comment says otherwise.
type PodSecurityPolicySpec struct {
	// Privileged allows privileged containers.
	Privileged bool `json:"privileged,omitempty"`
	// DefaultAddCapabilities are added to every container that does not drop them, and are thereby allowed.
	DefaultAddCapabilities []Capability `json:"defaultAddCapabilities,omitempty"`
	// RequiredDropCapabilities are dropped from every container.
	RequiredDropCapabilities []Capability `json:"requiredDropCapabilities,omitempty"`
	// AllowedCapabilities may be added by the container; AllowAll allows every one.
	AllowedCapabilities []Capability `json:"allowedCapabilities,omitempty"`
	// Volumes are the volume types a pod may use; AllowAll allows every one, empty allows none.
	Volumes []FSType `json:"volumes,omitempty"`
	// HostNetwork allows pods on the node's network.
	HostNetwork bool `json:"hostNetwork,omitempty"`
	// HostPorts are the host ports a container may use; empty allows none.
	HostPorts []HostPortRange `json:"hostPorts,omitempty"`
	// HostPID allows pods in the node's process namespace.
	HostPID bool `json:"hostPID,omitempty"`
	// HostIPC allows pods in the node's IPC namespace.
	HostIPC bool `json:"hostIPC,omitempty"`
	// SELinux is the strategy for SELinux options. Required.
	SELinux SELinuxStrategyOptions `json:"seLinux"`
	// RunAsUser is the strategy for user ids. Required.
	RunAsUser RunAsUserStrategyOptions `json:"runAsUser"`
	// RunAsGroup is the strategy for the primary group id; nil allows any.
	RunAsGroup *RunAsGroupStrategyOptions `json:"runAsGroup,omitempty"`
	// SupplementalGroups is the strategy for further group ids. Required.
	SupplementalGroups SupplementalGroupsStrategyOptions `json:"supplementalGroups"`
	// FSGroup is the strategy for the group that owns volumes. Required.
	FSGroup FSGroupStrategyOptions `json:"fsGroup"`
	// ReadOnlyRootFilesystem demands a read-only root file system.
	ReadOnlyRootFilesystem bool `json:"readOnlyRootFilesystem,omitempty"`
	// DefaultAllowPrivilegeEscalation is written to a container that does not say; nil writes nothing.
	DefaultAllowPrivilegeEscalation *bool `json:"defaultAllowPrivilegeEscalation,omitempty"`
	// AllowPrivilegeEscalation allows gaining more privileges than the parent process; nil means true, see Default.
	AllowPrivilegeEscalation *bool `json:"allowPrivilegeEscalation,omitempty"`
	// AllowedHostPaths are the host paths a pod may mount; empty allows all (if Volumes allows hostPath).
	AllowedHostPaths []AllowedHostPath `json:"allowedHostPaths,omitempty"`
	// AllowedFlexVolumes are the Flexvolume drivers a pod may use; empty allows all (if Volumes allows flexVolume).
	AllowedFlexVolumes []AllowedFlexVolume `json:"allowedFlexVolumes,omitempty"`
	// AllowedCSIDrivers are the inline CSI drivers a pod may use; empty allows all (if Volumes allows csi).
	AllowedCSIDrivers []AllowedCSIDriver `json:"allowedCSIDrivers,omitempty"`
	// AllowedUnsafeSysctls are names, or prefixes ending in "*", of unsafe sysctls a pod may set.
	AllowedUnsafeSysctls []string `json:"allowedUnsafeSysctls,omitempty"`
	// ForbiddenSysctls are names, or prefixes ending in "*", of sysctls a pod may not set.
	ForbiddenSysctls []string `json:"forbiddenSysctls,omitempty"`
	// AllowedProcMountTypes are the procMount values a container may use; empty allows Default only.
	AllowedProcMountTypes []ProcMountType `json:"allowedProcMountTypes,omitempty"`
	// RuntimeClass is the strategy for runtime classes; nil allows any.
	RuntimeClass *RuntimeClassStrategyOptions `json:"runtimeClass,omitempty"`
}
