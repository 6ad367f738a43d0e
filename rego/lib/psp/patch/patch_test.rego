package lib.psp.patch_test

import data.lib.psp.patch

# The operations may be any that lead to the pod that native Admit leaves.
test_operations[note] if {
	some note, tc in {
		"no writes, no annotations": {
			"pod": _pod({}, {}, {}),
			"writes": {},
			"want": _pod({"annotations": _name}, {}, {}),
		},
		"no writes, null annotations": {
			"pod": _pod({"annotations": null}, {}, {}),
			"writes": {},
			"want": _pod({"annotations": _name}, {}, {}),
		},
		"no writes, empty annotations": {
			"pod": _pod({"annotations": {}}, {}, {}),
			"writes": {},
			"want": _pod({"annotations": _name}, {}, {}),
		},
		"no writes, annotations": {
			"pod": _pod({"annotations": {"a": "b"}, "labels": {"c": "d"}}, {}, {}),
			"writes": {},
			"want": _pod({"annotations": object.union(_name, {"a": "b"}), "labels": {"c": "d"}}, {}, {}),
		},
		"another policy's name is overwritten": {
			"pod": _pod({"annotations": {"kubernetes.io/psp": "other"}}, {}, {}),
			"writes": {},
			"want": _pod({"annotations": _name}, {}, {}),
		},
		"annotations, where there are none": {
			"pod": _pod({}, {}, {}),
			"writes": {"/metadata/annotations": {"a/b": "c", "d~e": "f"}},
			"want": _pod({"annotations": object.union(_name, {"a/b": "c", "d~e": "f"})}, {}, {}),
		},
		"annotations, where there are others": {
			"pod": _pod({"annotations": {"a/b": "", "x~1y": "z"}}, {}, {}),
			"writes": {"/metadata/annotations": {"a/b": "c", "d~e/f~1g": "h"}},
			"want": _pod({"annotations": object.union(_name, {"a/b": "c", "d~e/f~1g": "h", "x~1y": "z"})}, {}, {}),
		},
		"spec": {
			"pod": _pod({}, {"priority": 1}, {}),
			"writes": {"/spec": {"runtimeClassName": "kata"}},
			"want": _pod({"annotations": _name}, {"priority": 1, "runtimeClassName": "kata"}, {}),
		},
		"spec, for a null": {
			"pod": _pod({}, {"runtimeClassName": null}, {}),
			"writes": {"/spec": {"runtimeClassName": "kata"}},
			"want": _pod({"annotations": _name}, {"runtimeClassName": "kata"}, {}),
		},
		"pod's securityContext, absent": {
			"pod": _pod({}, {}, {}),
			"writes": {"/spec/securityContext": {"fsGroup": 1, "supplementalGroups": [2]}},
			"want": _pod({"annotations": _name}, {"securityContext": {"fsGroup": 1, "supplementalGroups": [2]}}, {}),
		},
		"pod's securityContext, null": {
			"pod": _pod({}, {"securityContext": null}, {}),
			"writes": {"/spec/securityContext": {"fsGroup": 1}},
			"want": _pod({"annotations": _name}, {"securityContext": {"fsGroup": 1}}, {}),
		},
		"pod's securityContext, empty": {
			"pod": _pod({}, {"securityContext": {}}, {}),
			"writes": {"/spec/securityContext": {"seLinuxOptions": {"level": "s0"}}},
			"want": _pod({"annotations": _name}, {"securityContext": {"seLinuxOptions": {"level": "s0"}}}, {}),
		},
		"pod's securityContext, with other fields": {
			"pod": _pod({}, {"securityContext": {"runAsUser": 0, "sysctls": [], "x": {"y": null}}}, {}),
			"writes": {"/spec/securityContext": {"fsGroup": 1}},
			"want": _pod(
				{"annotations": _name},
				{"securityContext": {"fsGroup": 1, "runAsUser": 0, "sysctls": [], "x": {"y": null}}},
				{},
			),
		},
		"container's securityContext, absent": {
			"pod": _pod({}, {}, {}),
			"writes": {"/spec/containers/0/securityContext": {"runAsUser": 1, "readOnlyRootFilesystem": true}},
			"want": _pod({"annotations": _name}, {}, {"securityContext": {"runAsUser": 1, "readOnlyRootFilesystem": true}}),
		},
		"container's securityContext, null": {
			"pod": _pod({}, {}, {"securityContext": null}),
			"writes": {"/spec/containers/0/securityContext": {"runAsUser": 1}},
			"want": _pod({"annotations": _name}, {}, {"securityContext": {"runAsUser": 1}}),
		},
		"container's securityContext, with other fields": {
			"pod": _pod({}, {}, {"securityContext": {"privileged": false, "runAsGroup": 0}}),
			"writes": {"/spec/containers/0/securityContext": {"runAsUser": 1}},
			"want": _pod(
				{"annotations": _name},
				{},
				{"securityContext": {"privileged": false, "runAsGroup": 0, "runAsUser": 1}},
			),
		},
		"capabilities": {
			"pod": _pod({}, {}, {"securityContext": {"capabilities": {"add": ["Z", "A"], "drop": ["B"]}}}),
			"writes": {"/spec/containers/0/securityContext": {"capabilities": {"add": ["A", "Z"], "drop": ["B", "C"]}}},
			"want": _pod({"annotations": _name}, {}, {"securityContext": {"capabilities": {
				"add": ["A", "Z"],
				"drop": ["B", "C"],
			}}}),
		},
	}

	operations := patch.operations with input as _review(tc.pod)
		with data.lib.psp.policies as _policies(tc.writes)
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	_patched(tc.pod, operations) == tc.want
}

test_every_kind_of_container if {
	pod := {"metadata": {"name": "p"}, "spec": {
		"initContainers": [{"name": "i"}, {"name": "j"}],
		"containers": [{"name": "c"}],
		"ephemeralContainers": [{"name": "e", "securityContext": {"runAsUser": 3}}, {"name": "f"}],
	}}
	writes := {
		"/spec/initContainers/1/securityContext": {"runAsUser": 1},
		"/spec/containers/0/securityContext": {"runAsUser": 2},
		"/spec/ephemeralContainers/1/securityContext": {"runAsUser": 4},
	}
	want := {"metadata": {"name": "p", "annotations": _name}, "spec": {
		"initContainers": [{"name": "i"}, {"name": "j", "securityContext": {"runAsUser": 1}}],
		"containers": [{"name": "c", "securityContext": {"runAsUser": 2}}],
		"ephemeralContainers": [
			{"name": "e", "securityContext": {"runAsUser": 3}},
			{"name": "f", "securityContext": {"runAsUser": 4}},
		],
	}}
	operations := patch.operations with input as _review(pod)
		with data.lib.psp.policies as _policies(writes)
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	_patched(pod, operations) == want
}

test_every_operation_is_an_addition if {
	writes := {"/spec": {"runtimeClassName": "kata"}, "/spec/securityContext": {"fsGroup": 1}}
	operations := patch.operations with input as _review(_pod({}, {}, {}))
		with data.lib.psp.policies as _policies(writes)
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	{operation.op | some operation in operations} == {"add"}
}

# Every operation must find its parent, and no two may write to one place.
_patched(pod, operations) := json.patch(pod, operations) if {
	paths := [operation.path | some operation in operations]
	count(paths) == count({path | some path in paths})
}

_policies(writes) := {"p": {"provider": true, "accepts": true, "writes": writes, "violations": set()}}

_grants := {"users": {"jane": {"cluster": ["p"]}}, "groups": {}}

_review(pod) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"namespace": "apps", "userInfo": {"username": "jane"}, "object": pod},
}

_name := {"kubernetes.io/psp": "p"}

_pod(metadata, spec, container) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": object.union({"name": "p"}, metadata),
	"spec": object.union({"containers": [object.union({"name": "c"}, container)]}, spec),
}
