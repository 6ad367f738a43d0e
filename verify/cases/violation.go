// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"math"
	"slices"
	"strings"
)

// unheardOf is part of names that no policy lists.
const unheardOf = "psp2rego-violation"

// violate changes the pod so that the policy refuses it in this check (section D of the semantics),
// whatever it says about the others. It is false, and the pod unchanged, when the policy refuses
// nothing in this check.
func violate(check string, p *Policy, pod pod) bool {
	own := pod.containers()[0].securityContext
	put := func(ok bool, o func() Object, key string, value any) bool {
		if ok {
			o()[key] = value
		}
		return ok
	}
	switch check {
	case "fs_group":
		id, ok := outside(p.Spec.FSGroup)
		return put(ok, pod.securityContext, "fsGroup", id)
	case "supplemental_groups":
		id, ok := outside(p.Spec.SupplementalGroups)
		return put(ok, pod.securityContext, "supplementalGroups", []any{id})
	case "run_as_group":
		id, ok := outside(groupStrategy(p))
		return put(ok, own, "runAsGroup", id)
	case "run_as_user":
		id, ok := outside(p.Spec.RunAsUser)
		if p.Spec.RunAsUser.Rule == "MustRunAsNonRoot" {
			id, ok = 0, true
		}
		return put(ok, own, "runAsUser", id)
	case "se_linux":
		return put(p.Spec.SELinux.Rule == "MustRunAs", own, "seLinuxOptions", Object{"level": unheardOf})
	case "seccomp":
		_, all := seccompProfiles(p)
		return put(!all, pod.annotations, seccompContainer+pod.containers()[0].name(), "localhost/"+unheardOf)
	case "app_armor":
		_, listed := p.annotation(appArmorAllowed)
		return put(listed, pod.annotations, appArmorContainer+pod.containers()[0].name(), "localhost/"+unheardOf)
	case "host_network":
		return put(!p.Spec.HostNetwork, pod.spec, "hostNetwork", true)
	case "host_pid":
		return put(!p.Spec.HostPID, pod.spec, "hostPID", true)
	case "host_ipc":
		return put(!p.Spec.HostIPC, pod.spec, "hostIPC", true)
	case "runtime_class":
		r := p.Spec.RuntimeClass
		return put(r != nil && !slices.Contains(r.Allowed, "*"), pod.spec, "runtimeClassName", unheardOf)
	case "privileged":
		return put(!p.Spec.Privileged, own, "privileged", true)
	case "proc_mount":
		return put(!slices.Contains(p.Spec.AllowedProcMountTypes, "Unmasked"), own, "procMount", "Unmasked")
	case "capabilities":
		return put(!slices.Contains(p.Spec.AllowedCapabilities, "*"), own, "capabilities", Object{
			"add": []string{"PSP2REGO_VIOLATION"}, "drop": p.Spec.RequiredDropCapabilities,
		})
	case "read_only_root_filesystem":
		return put(p.Spec.ReadOnlyRootFilesystem, own, "readOnlyRootFilesystem", false)
	case "allow_privilege_escalation":
		return put(!p.escalation(), own, "allowPrivilegeEscalation", true)
	case "host_ports":
		return violateHostPorts(p, pod)
	case "sysctls":
		return violateSysctls(p, pod)
	}
	return violateVolumes(check, p, pod)
}

// outside is an id that the strategy refuses and the API takes, if there is one.
func outside(s IDStrategy) (int64, bool) {
	if s.Rule != "MustRunAs" && s.Rule != "MayRunAs" {
		return 0, false
	}
	candidates := []int64{}
	for _, r := range s.Ranges {
		candidates = append(candidates, r.Max+1, r.Min-1)
	}
	return notIn(s.Ranges, 0, math.MaxInt32, append(candidates, 1, math.MaxInt32))
}

// notIn is a number between low and high that is in no range.
func notIn(ranges []Range, low, high int64, candidates []int64) (int64, bool) {
	for _, n := range candidates {
		inside := slices.ContainsFunc(ranges, func(r Range) bool { return r.Min <= n && n <= r.Max })
		if low <= n && n <= high && !inside {
			return n, true
		}
	}
	return 0, false
}

func violateHostPorts(p *Policy, pod pod) bool {
	candidates := []int64{8080, 1, 65535}
	for _, r := range p.Spec.HostPorts {
		candidates = append(candidates, r.Max+1, r.Min-1)
	}
	port, ok := notIn(p.Spec.HostPorts, 1, 65535, candidates)
	if ok {
		add(pod.containers()[0].Object, "ports", Object{"containerPort": port, "hostPort": port})
	}
	return ok
}

func violateSysctls(p *Policy, pod pod) bool {
	names := append(expand(p.Spec.ForbiddenSysctls), "kernel.psp2rego_violation")
	for _, name := range names {
		if matchesSysctl(p.Spec.ForbiddenSysctls, name) || !matchesSysctl(p.Spec.AllowedUnsafeSysctls, name) {
			setSysctls(pod, []string{name})
			return true
		}
	}
	return false
}

// violateVolumes adds a volume that is refused by its type, its path or its driver.
func violateVolumes(check string, p *Policy, pod pod) bool {
	switch check {
	case "volumes":
		for _, kind := range volumeTypes() {
			if !allowsVolume(p, kind) {
				addBareVolume(pod, kind, volumeSource(kind))
				return true
			}
		}
	case "allowed_flex_volumes":
		if len(p.Spec.AllowedFlexVolumes) > 0 {
			addBareVolume(pod, "flexVolume", Object{"driver": "example/" + unheardOf})
			return true
		}
	case "allowed_csi_drivers":
		if len(p.Spec.AllowedCSIDrivers) > 0 {
			addBareVolume(pod, "csi", Object{"driver": unheardOf})
			return true
		}
	case "allowed_host_paths":
		return violateHostPaths(p, pod)
	}
	return false
}

// violateHostPaths mounts, writable, a path that no entry covers, or that read-only ones cover.
func violateHostPaths(p *Policy, pod pod) bool {
	if len(p.Spec.AllowedHostPaths) == 0 {
		return false
	}
	paths := []string{"/" + unheardOf}
	for _, entry := range p.Spec.AllowedHostPaths {
		paths = append(paths, strings.TrimSuffix(entry.PathPrefix, "/")+"/x")
	}
	for _, path := range paths {
		writable := slices.ContainsFunc(p.Spec.AllowedHostPaths, func(entry HostPath) bool {
			prefix := strings.TrimSuffix(entry.PathPrefix, "/")
			return !entry.ReadOnly && (path == prefix || strings.HasPrefix(path, prefix+"/"))
		})
		if !writable {
			addBareVolume(pod, "hostPath", Object{"path": path})
			return true
		}
	}
	return false
}

// addBareVolume adds a volume and mounts it in the first container.
func addBareVolume(pod pod, kind string, source Object) {
	add(pod.spec(), "volumes", Object{"name": unheardOf, field(kind): source})
	add(pod.containers()[0].Object, "volumeMounts", Object{"name": unheardOf, "mountPath": "/" + unheardOf})
}
