// SPDX-License-Identifier: Apache-2.0

package cases

import "encoding/json"

// Policy is a PodSecurityPolicy as the generators see it: enough to make one, and to aim at the
// edges of what a given one names.
type Policy struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Metadata   Metadata   `json:"metadata"`
	Spec       PolicySpec `json:"spec"`
}

// Metadata is the part of an object's metadata that matters here.
type Metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// PolicySpec has the JSON names of policy/v1beta1.
type PolicySpec struct {
	Privileged               bool          `json:"privileged,omitempty"`
	DefaultAddCapabilities   []string      `json:"defaultAddCapabilities,omitempty"`
	RequiredDropCapabilities []string      `json:"requiredDropCapabilities,omitempty"`
	AllowedCapabilities      []string      `json:"allowedCapabilities,omitempty"`
	Volumes                  []string      `json:"volumes,omitempty"`
	HostNetwork              bool          `json:"hostNetwork,omitempty"`
	HostPorts                []Range       `json:"hostPorts,omitempty"`
	HostPID                  bool          `json:"hostPID,omitempty"`
	HostIPC                  bool          `json:"hostIPC,omitempty"`
	SELinux                  SELinux       `json:"seLinux"`
	RunAsUser                IDStrategy    `json:"runAsUser"`
	RunAsGroup               *IDStrategy   `json:"runAsGroup,omitempty"`
	SupplementalGroups       IDStrategy    `json:"supplementalGroups"`
	FSGroup                  IDStrategy    `json:"fsGroup"`
	ReadOnlyRootFilesystem   bool          `json:"readOnlyRootFilesystem,omitempty"`
	DefaultAllowEscalation   *bool         `json:"defaultAllowPrivilegeEscalation,omitempty"`
	AllowEscalation          *bool         `json:"allowPrivilegeEscalation,omitempty"`
	AllowedHostPaths         []HostPath    `json:"allowedHostPaths,omitempty"`
	AllowedFlexVolumes       []FlexVolume  `json:"allowedFlexVolumes,omitempty"`
	AllowedCSIDrivers        []CSIDriver   `json:"allowedCSIDrivers,omitempty"`
	AllowedUnsafeSysctls     []string      `json:"allowedUnsafeSysctls,omitempty"`
	ForbiddenSysctls         []string      `json:"forbiddenSysctls,omitempty"`
	AllowedProcMountTypes    []string      `json:"allowedProcMountTypes,omitempty"`
	RuntimeClass             *RuntimeClass `json:"runtimeClass,omitempty"`
}

// Range is a range of ids or ports, both ends included.
type Range struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

// IDStrategy is a strategy for users or groups.
type IDStrategy struct {
	Rule   string  `json:"rule"`
	Ranges []Range `json:"ranges,omitempty"`
}

// SELinux is the strategy for SELinux labels.
type SELinux struct {
	Rule    string          `json:"rule"`
	Options *SELinuxOptions `json:"seLinuxOptions,omitempty"`
}

// SELinuxOptions is an SELinux label.
type SELinuxOptions struct {
	User  string `json:"user,omitempty"`
	Role  string `json:"role,omitempty"`
	Type  string `json:"type,omitempty"`
	Level string `json:"level,omitempty"`
}

// HostPath is one entry of allowedHostPaths.
type HostPath struct {
	PathPrefix string `json:"pathPrefix,omitempty"`
	ReadOnly   bool   `json:"readOnly,omitempty"`
}

// FlexVolume is one entry of allowedFlexVolumes.
type FlexVolume struct {
	Driver string `json:"driver"`
}

// CSIDriver is one entry of allowedCSIDrivers.
type CSIDriver struct {
	Name string `json:"name"`
}

// RuntimeClass is the strategy for runtime classes.
type RuntimeClass struct {
	Allowed []string `json:"allowedRuntimeClassNames"`
	Default *string  `json:"defaultRuntimeClassName,omitempty"`
}

// Name is the policy's name.
func (p *Policy) Name() string { return p.Metadata.Name }

// annotation is the value and whether the policy has the annotation at all.
func (p *Policy) annotation(key string) (string, bool) {
	value, ok := p.Metadata.Annotations[key]
	return value, ok
}

func (p *Policy) annotate(key, value string) {
	if p.Metadata.Annotations == nil {
		p.Metadata.Annotations = map[string]string{}
	}
	p.Metadata.Annotations[key] = value
}

// escalation is whether the policy lets containers escalate; absent means true (section F0 of the
// semantics: pkg/apis/policy/v1beta1/defaults.go, v1.24.17).
func (p *Policy) escalation() bool {
	return p.Spec.AllowEscalation == nil || *p.Spec.AllowEscalation
}

func readPolicy(data json.RawMessage) (*Policy, error) {
	p := &Policy{}
	return p, json.Unmarshal(data, p)
}

// lax is a policy that accepts nearly everything, of the given name.
func lax(name string) *Policy {
	any := IDStrategy{Rule: "RunAsAny"}
	p := &Policy{APIVersion: "policy/v1beta1", Kind: "PodSecurityPolicy", Metadata: Metadata{Name: name}}
	p.annotate(seccompAllowed, "*")
	p.Spec = PolicySpec{
		Privileged: true, AllowedCapabilities: []string{"*"}, Volumes: []string{"*"},
		HostNetwork: true, HostPID: true, HostIPC: true, HostPorts: []Range{{0, 65535}},
		SELinux: SELinux{Rule: "RunAsAny"}, RunAsUser: any, SupplementalGroups: any, FSGroup: any,
		AllowedUnsafeSysctls: []string{"*"}, AllowedProcMountTypes: []string{"Default", "Unmasked"},
	}
	return p
}
