package lib.psp.flags_test

import data.lib.psp.allow_privilege_escalation
import data.lib.psp.flags
import data.lib.psp.host_ipc
import data.lib.psp.host_network
import data.lib.psp.host_pid
import data.lib.psp.privileged
import data.lib.psp.read_only_root_filesystem

test_used[note] if {
	some note, tc in {
		"none": {"spec": {"containers": [{"name": "c"}]}, "want": set()},
		"nulls": {
			"spec": {"containers": [{"name": "c", "securityContext": {"privileged": null}}]},
			"want": set(),
		},
		"host namespaces": {
			"spec": {"hostIPC": true, "hostNetwork": false, "hostPID": true},
			"want": {["hostIPC", true], ["hostNetwork", false], ["hostPID", true]},
		},
		"init": {
			"spec": {"initContainers": [{"name": "i", "securityContext": {"privileged": true}}]},
			"want": {["privileged", true]},
		},
		"regular": {
			"spec": {"containers": [{"name": "c", "securityContext": {"readOnlyRootFilesystem": false}}]},
			"want": {["readOnlyRootFilesystem", false]},
		},
		"ephemeral": {
			"spec": {"ephemeralContainers": [{"name": "e", "securityContext": {"allowPrivilegeEscalation": true}}]},
			"want": {["allowPrivilegeEscalation", true]},
		},
		"two containers that differ": {
			"spec": {"containers": [
				{"name": "c", "securityContext": {"privileged": true, "runAsUser": 0}},
				{"name": "d", "securityContext": {"privileged": false}},
			]},
			"want": {["privileged", false], ["privileged", true]},
		},
		"fields of the pod's securityContext play no part": {
			"spec": {"securityContext": {"privileged": true, "hostPID": true, "runAsNonRoot": true}},
			"want": set(),
		},
		"runAsNonRoot has a check of its own": {
			"spec": {"containers": [{"name": "c", "securityContext": {"runAsNonRoot": false}}]},
			"want": set(),
		},
	}

	flags.used == tc.want with input as _review(tc.spec)
}

# What a policy refuses by a flag is told by the check of that name, and nothing else is.
test_flags_and_checks_agree[note] if {
	some note, tc in {
		"none": {"spec": {}, "want": set()},
		"host namespaces": {
			"spec": {"hostIPC": true, "hostNetwork": true, "hostPID": true},
			"want": {"hostIPC", "hostNetwork", "hostPID"},
		},
		"no host namespaces": {"spec": {"hostIPC": false, "hostNetwork": false, "hostPID": false}, "want": set()},
		"init": {"spec": {"initContainers": [_open]}, "want": _fields},
		"regular": {"spec": {"containers": [_open]}, "want": _fields},
		"ephemeral": {"spec": {"ephemeralContainers": [_open]}, "want": _fields},
		"one of two": {"spec": {"containers": [_closed, _open]}, "want": _fields},
		"beside a null": {
			"spec": {"securityContext": null, "containers": [{"name": "n", "securityContext": null}, _open]},
			"want": _fields,
		},
		"closed": {"spec": {"initContainers": [_closed], "ephemeralContainers": [_closed]}, "want": set()},
		"nulls": {"spec": {"hostPID": null, "containers": [_silent]}, "want": set()},
	}

	_flagged == tc.want with input as _review(tc.spec)
	_told == tc.want with input as _review(tc.spec)
}

_flagged := {field | some [field, _] in (flags.used & {
	["allowPrivilegeEscalation", true],
	["hostIPC", true],
	["hostNetwork", true],
	["hostPID", true],
	["privileged", true],
	["readOnlyRootFilesystem", false],
})}

_told := {field |
	some field, found in {
		"allowPrivilegeEscalation": allow_privilege_escalation.not_allowed,
		"hostIPC": host_ipc.not_allowed,
		"hostNetwork": host_network.not_allowed,
		"hostPID": host_pid.not_allowed,
		"privileged": privileged.not_allowed,
		"readOnlyRootFilesystem": read_only_root_filesystem.not_allowed,
	}
	found != set()
}

_fields := {"allowPrivilegeEscalation", "privileged", "readOnlyRootFilesystem"}

_open := {"name": "o", "securityContext": {
	"allowPrivilegeEscalation": true,
	"privileged": true,
	"readOnlyRootFilesystem": false,
}}

_closed := {"name": "c", "securityContext": {
	"allowPrivilegeEscalation": false,
	"privileged": false,
	"readOnlyRootFilesystem": true,
}}

_silent := {"name": "s", "securityContext": {
	"allowPrivilegeEscalation": null,
	"privileged": null,
	"readOnlyRootFilesystem": null,
}}

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": object.union({"containers": []}, spec)}},
}
