// SPDX-License-Identifier: Apache-2.0

package psp

// Capability is the name of a Linux capability, compared literally. AllowAll allows every one.
type Capability string

// FSType is a volume type: the name of the pod's volume field, except cephfs, which policies call cephFS.
type FSType string

// ProcMountType is a container's procMount value.
type ProcMountType string

// The procMount values that the API knows.
const (
	ProcMountDefault  ProcMountType = "Default"
	ProcMountUnmasked ProcMountType = "Unmasked"
)

// AllowedHostPath is a part of the node's file system that a pod may mount.
type AllowedHostPath struct {
	// PathPrefix matches the path itself and everything below it. Plain text, no wildcard.
	PathPrefix string `json:"pathPrefix,omitempty"`
	// ReadOnly demands that every mount of the volume is read-only.
	ReadOnly bool `json:"readOnly,omitempty"`
}

// AllowedFlexVolume is one Flexvolume driver.
type AllowedFlexVolume struct {
	// Driver is the driver's name.
	Driver string `json:"driver"`
}

// AllowedCSIDriver is one inline CSI driver.
type AllowedCSIDriver struct {
	// Name is the driver's registered name.
	Name string `json:"name"`
}

// HostPortRange is a range of host ports, both ends included.
type HostPortRange struct {
	Min int32 `json:"min"`
	Max int32 `json:"max"`
}

// IDRange is a range of user or group ids, both ends included.
type IDRange struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

// Rule names a strategy. Each field knows a subset of the rules below.
type Rule string

// The rules of the strategies.
const (
	// MustRunAs demands a value from the ranges (or the SELinux options) and writes the first one where it is unset.
	MustRunAs Rule = "MustRunAs"
	// MayRunAs demands a value from the ranges if there is one. Groups only.
	MayRunAs Rule = "MayRunAs"
	// MustRunAsNonRoot demands a user other than root. RunAsUser only.
	MustRunAsNonRoot Rule = "MustRunAsNonRoot"
	// RunAsAny allows everything.
	RunAsAny Rule = "RunAsAny"
)

// SELinuxOptions are the labels of a container's process.
type SELinuxOptions struct {
	User  string `json:"user,omitempty"`
	Role  string `json:"role,omitempty"`
	Type  string `json:"type,omitempty"`
	Level string `json:"level,omitempty"`
}

// SELinuxStrategyOptions says which SELinux options are allowed: MustRunAs, RunAsAny.
type SELinuxStrategyOptions struct {
	Rule Rule `json:"rule"`
	// SELinuxOptions is needed by MustRunAs; nil and empty differ.
	SELinuxOptions *SELinuxOptions `json:"seLinuxOptions,omitempty"`
}

// RunAsUserStrategyOptions says which user ids are allowed: MustRunAs, MustRunAsNonRoot, RunAsAny.
type RunAsUserStrategyOptions struct {
	Rule Rule `json:"rule"`
	// Ranges is needed by MustRunAs and ignored by the others.
	Ranges []IDRange `json:"ranges,omitempty"`
}

// RunAsGroupStrategyOptions says which primary group ids are allowed: MustRunAs, MayRunAs, RunAsAny.
type RunAsGroupStrategyOptions struct {
	Rule Rule `json:"rule"`
	// Ranges is needed by MustRunAs and MayRunAs.
	Ranges []IDRange `json:"ranges,omitempty"`
}

// FSGroupStrategyOptions says which fsGroup ids are allowed: MustRunAs, MayRunAs, RunAsAny.
type FSGroupStrategyOptions struct {
	Rule Rule `json:"rule,omitempty"`
	// Ranges is needed by MustRunAs and MayRunAs.
	Ranges []IDRange `json:"ranges,omitempty"`
}

// SupplementalGroupsStrategyOptions says which supplemental group ids are allowed: MustRunAs, MayRunAs, RunAsAny.
type SupplementalGroupsStrategyOptions struct {
	Rule Rule `json:"rule,omitempty"`
	// Ranges is needed by MustRunAs and MayRunAs.
	Ranges []IDRange `json:"ranges,omitempty"`
}

// RuntimeClassStrategyOptions says which runtime classes are allowed.
type RuntimeClassStrategyOptions struct {
	// AllowedRuntimeClassNames are the names a pod may ask for; AllowAll allows any, empty allows none.
	AllowedRuntimeClassNames []string `json:"allowedRuntimeClassNames"`
	// DefaultRuntimeClassName is written to a pod that names none; nil writes nothing.
	DefaultRuntimeClassName *string `json:"defaultRuntimeClassName,omitempty"`
}
