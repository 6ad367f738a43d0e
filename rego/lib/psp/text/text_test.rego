package lib.psp.text_test

import data.lib.psp.allow_privilege_escalation
import data.lib.psp.allowed_csi_drivers
import data.lib.psp.allowed_flex_volumes
import data.lib.psp.allowed_host_paths
import data.lib.psp.app_armor
import data.lib.psp.capabilities
import data.lib.psp.fs_group
import data.lib.psp.host_ipc
import data.lib.psp.host_network
import data.lib.psp.host_pid
import data.lib.psp.host_ports
import data.lib.psp.privileged
import data.lib.psp.proc_mount
import data.lib.psp.read_only_root_filesystem
import data.lib.psp.run_as_group
import data.lib.psp.run_as_user
import data.lib.psp.runtime_class
import data.lib.psp.se_linux
import data.lib.psp.seccomp
import data.lib.psp.supplemental_groups
import data.lib.psp.sysctls
import data.lib.psp.text
import data.lib.psp.volumes

test_lines[note] if {
	some note, tc in {
		"none": {"violations": set(), "want": []},
		"string": {
			"violations": {[[0, 8, 0], "spec.volumes[0]", "Invalid value", "nfs", "nfs volumes are not allowed to be used"]},
			"want": ["spec.volumes[0]: Invalid value: \"nfs\": nfs volumes are not allowed to be used"],
		},
		"quotes as Go does": {
			"violations": {[[0, 9], "p", "Invalid value", "a\"b\\\n\té", "d"]},
			"want": ["p: Invalid value: \"a\\\"b\\\\\\n\\té\": d"],
		},
		"boolean": {"violations": {[[0, 5], "p", "Invalid value", true, "d"]}, "want": ["p: Invalid value: true: d"]},
		"number": {"violations": {[[0, 5], "p", "Invalid value", 65536, "d"]}, "want": ["p: Invalid value: 65536: d"]},
		"large number": {
			"violations": {[[0, 5], "p", "Invalid value", 9223372036854775807, "d"]},
			"want": ["p: Invalid value: 9223372036854775807: d"],
		},
		"large number as Gatekeeper hands it over": {
			"violations": {[[0, 5], "p", "Invalid value", 2.147483647e+09, "d"]},
			"want": ["p: Invalid value: 2147483647: d"],
		},
		"ids as Gatekeeper hands them over": {
			"violations": {[[0, 1], "p", "Invalid value", [2.147483647e+09], "d"]},
			"want": ["p: Invalid value: []int64{2147483647}: d"],
		},
		"ids": {"violations": {[[0, 1], "p", "Invalid value", [1, 8], "d"]}, "want": ["p: Invalid value: []int64{1, 8}: d"]},
		"no ids": {"violations": {[[0, 1], "p", "Invalid value", [], "d"]}, "want": ["p: Invalid value: []int64{}: d"]},
		"kind without value": {"violations": {[[0, 7], "p", "Forbidden", null, "d"]}, "want": ["p: Forbidden: d"]},
		"no detail": {"violations": {[[0, 9], "p", "Invalid value", "gv", ""]}, "want": ["p: Invalid value: \"gv\""]},
		"path of a container": {
			"violations": {[[3, 5], ".x", "Forbidden", null, "d"], [[1, 5], ".x", "Forbidden", null, "d"]},
			"want": ["spec.initContainers[0].x: Forbidden: d", "spec.containers[1].x: Forbidden: d"],
		},
		"path of a container that needs no container": {
			"violations": {[[2, 5], "pod.x", "Forbidden", null, "d"]},
			"want": ["pod.x: Forbidden: d"],
		},
		"a violation of another shape": {
			"violations": {"no", [[0, 3], "p", "Forbidden", null, "d"], {"a": 1}, [1, 2]},
			"want": [
				"refused for a reason that cannot be shown",
				"refused for a reason that cannot be shown",
				"p: Forbidden: d",
				"refused for a reason that cannot be shown",
			],
		},
		"a container that is not there": {
			"violations": {[[9, 5], ".x", "Forbidden", null, "d"]},
			"want": [".x: Forbidden: d"],
		},
	}

	text.lines(tc.violations) == tc.want with input.request.object as _pod
}

test_order_is_native_s if {
	violations := {_violation(order) | some order in _shuffled}
	text.lines(violations) == [
		"[0,0]: Forbidden",
		"[0,1,0]: Forbidden",
		"[0,1,1]: Forbidden",
		"[0,1,10]: Forbidden",
		"[0,2]: Forbidden",
		"[0,8,0]: Forbidden",
		"[0,8,0,1,0]: Forbidden",
		"[0,8,1]: Forbidden",
		"[0,9]: Forbidden",
		"[1,0]: Forbidden",
		"[1,10]: Forbidden",
		"[2,0]: Forbidden",
		"[2,7,0]: Forbidden",
		"[2,7,\"A\"]: Forbidden",
		"[10,0]: Forbidden",
	]
}

# Each check knows its place in the order of native: MutatePod and ValidatePod in
# pkg/security/podsecuritypolicy/provider.go (v1.24.17)
test_order_of_the_checks if {
	paths := [split(line, ": ")[0] | some line in text.lines(_everything)] with input.request.object as _bad_pod
	paths == array.concat(
		[
			"spec.securityContext.fsGroup",
			"spec.securityContext.supplementalGroups",
			"pod.metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]",
			"spec.securityContext.seLinuxOptions.level",
			"spec.securityContext.seLinuxOptions.type",
			"spec.securityContext.hostNetwork",
			"spec.securityContext.hostPID",
			"spec.securityContext.hostIPC",
			"pod.spec.securityContext.sysctls[0]",
			"spec.volumes[0].hostPath.pathPrefix",
			"spec.volumes[1].driver",
			"spec.initContainers[0].volumeMounts[0].readOnly",
			"spec.initContainers[1].volumeMounts[0].readOnly",
			"spec.volumes[3].csi.driver",
			"spec.volumes[4]",
			"spec.runtimeClassName",
		],
		[path |
			some i, name in ["i", "j"]
			some [pattern, key] in _paths_of_containers
			path := sprintf(pattern, [{"index": i, "name": name}[key]])
		],
	)
}

_paths_of_containers := [
	["spec.initContainers[%d].securityContext.runAsUser", "index"],
	["spec.initContainers[%d].securityContext", "index"],
	["spec.initContainers[%d].securityContext.seLinuxOptions.level", "index"],
	["spec.initContainers[%d].securityContext.seLinuxOptions.type", "index"],
	["pod.metadata.annotations[container.apparmor.security.beta.kubernetes.io/%s]", "name"],
	["pod.metadata.annotations[container.seccomp.security.alpha.kubernetes.io/%s]", "name"],
	["spec.initContainers[%d].securityContext.privileged", "index"],
	["spec.initContainers[%d].securityContext.procMount", "index"],
	["spec.initContainers[%d].securityContext.capabilities.add", "index"],
	["spec.initContainers[%d].hostPort", "index"],
	["spec.initContainers[%d].securityContext.readOnlyRootFilesystem", "index"],
	["spec.initContainers[%d].securityContext.allowPrivilegeEscalation", "index"],
]

_everything := union({
	allow_privilege_escalation.not_allowed,
	allowed_csi_drivers.not_allowed("x"),
	allowed_flex_volumes.not_allowed("x"),
	allowed_host_paths.not_allowed("/x", [{"pathPrefix": "/y", "readOnly": true}]),
	allowed_host_paths.not_allowed("/y", [{"pathPrefix": "/y", "readOnly": true}]),
	app_armor.not_allowed("x", ""),
	capabilities.not_allowed("X", {}),
	fs_group.outside(9, []),
	host_ipc.not_allowed,
	host_network.not_allowed,
	host_pid.not_allowed,
	host_ports.not_allowed(80, []),
	privileged.not_allowed,
	proc_mount.not_allowed("Unmasked"),
	read_only_root_filesystem.not_allowed,
	run_as_group.outside(9, []),
	run_as_user.must_run_as(9, []),
	runtime_class.not_allowed("x"),
	se_linux.must_run_as({"level": "s0", "type": "t"}),
	seccomp.not_allowed("unconfined", null),
	supplemental_groups.outside(9, []),
	sysctls.not_allowed("x", []),
	volumes.not_allowed("nfs"),
})

_bad_pod := {
	"metadata": {"name": "p", "annotations": {
		"container.apparmor.security.beta.kubernetes.io/i": "x",
		"container.apparmor.security.beta.kubernetes.io/j": "x",
	}},
	"spec": {
		"hostIPC": true,
		"hostNetwork": true,
		"hostPID": true,
		"runtimeClassName": "x",
		"securityContext": {
			"fsGroup": 9,
			"runAsGroup": 9,
			"runAsUser": 9,
			"seLinuxOptions": {},
			"seccompProfile": {"type": "Unconfined"},
			"supplementalGroups": [9],
			"sysctls": [{"name": "x"}],
		},
		"volumes": [
			{"name": "a", "hostPath": {"path": "/x"}},
			{"name": "b", "flexVolume": {"driver": "x"}},
			{"name": "c", "hostPath": {"path": "/y"}},
			{"name": "d", "csi": {"driver": "x"}},
			{"name": "e", "nfs": {}},
		],
		"initContainers": [_bad_container("i"), _bad_container("j")],
	},
}

_bad_container(name) := {
	"name": name,
	"ports": [{"hostPort": 80}],
	"volumeMounts": [{"name": "c"}],
	"securityContext": {
		"allowPrivilegeEscalation": true,
		"capabilities": {"add": ["X"]},
		"privileged": true,
		"procMount": "Unmasked",
		"readOnlyRootFilesystem": false,
	},
}

_violation(order) := [order, json.marshal(order), "Forbidden", null, ""]

_shuffled := [
	[10, 0],
	[0, 9],
	[2, 7, "A"],
	[0, 1, 10],
	[1, 10],
	[0, 8, 1],
	[0, 1, 1],
	[2, 0],
	[0, 2],
	[0, 8, 0, 1, 0],
	[1, 0],
	[2, 7, 0],
	[0, 0],
	[0, 8, 0],
	[0, 1, 0],
]

_pod := {"metadata": {"name": "p"}, "spec": {
	"containers": [{"name": "a"}, {"name": "b"}],
	"initContainers": [{"name": "i"}],
}}
