// SPDX-License-Identifier: Apache-2.0

package policy

import "psp2rego/translate/psp"

// check is one check of a policy: one package of the Rego library, one file of this package, one block of a module.
type check struct {
	// name is the Rego package below lib.psp, and the stem of this package's file.
	name string
	// fields are the JSON names of the fields of the policy's spec that the check reads, and the annotations (those with a slash).
	fields []string
	// write writes the block.
	write func(*writer, *psp.PodSecurityPolicy)
}

// checks are all checks in native's order: MutatePod and ValidatePod in pkg/security/podsecuritypolicy/provider.go (v1.24.17).
var checks = []check{
	{"fs_group", []string{"fsGroup"}, fsGroup},
	{"supplemental_groups", []string{"supplementalGroups"}, supplementalGroups},
	{"seccomp", []string{psp.SeccompAllowedProfiles, psp.SeccompDefaultProfile}, seccomp},
	{"se_linux", []string{"seLinux"}, seLinux},
	{"host_network", []string{"hostNetwork"}, hostNetwork},
	{"host_pid", []string{"hostPID"}, hostPID},
	{"host_ipc", []string{"hostIPC"}, hostIPC},
	{"sysctls", []string{"forbiddenSysctls", "allowedUnsafeSysctls"}, sysctls},
	{"volumes", []string{"volumes"}, volumes},
	{"allowed_host_paths", []string{"allowedHostPaths"}, allowedHostPaths},
	{"allowed_flex_volumes", []string{"allowedFlexVolumes"}, allowedFlexVolumes},
	{"allowed_csi_drivers", []string{"allowedCSIDrivers"}, allowedCSIDrivers},
	{"runtime_class", []string{"runtimeClass"}, runtimeClass},
	{"run_as_user", []string{"runAsUser"}, runAsUser},
	{"run_as_group", []string{"runAsGroup"}, runAsGroup},
	{"app_armor", []string{psp.AppArmorAllowedProfiles, psp.AppArmorDefaultProfile}, appArmor},
	{"privileged", []string{"privileged"}, privileged},
	{"proc_mount", []string{"allowedProcMountTypes"}, procMount},
	{"capabilities", []string{"allowedCapabilities", "defaultAddCapabilities", "requiredDropCapabilities"}, capabilities},
	{"host_ports", []string{"hostPorts"}, hostPorts},
	{"read_only_root_filesystem", []string{"readOnlyRootFilesystem"}, readOnlyRootFilesystem},
	{"allow_privilege_escalation", []string{"allowPrivilegeEscalation", "defaultAllowPrivilegeEscalation"}, allowPrivilegeEscalation},
}
