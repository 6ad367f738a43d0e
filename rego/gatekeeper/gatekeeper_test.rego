package gatekeeper_test

import data.gatekeeper

test_webhook[note] if {
	some note, tc in {
		"accepted": {"patches": [], "policies": {"a": _accepting({})}, "violation": set()},
		"accepted by one of two": {
			"patches": [],
			"policies": {"a": _refusing({_host_pid}), "b": _accepting({})},
			"violation": set(),
		},
		"another resource": {
			"patches": [_replace("/resource/resource", "secrets")],
			"policies": {},
			"violation": set(),
		},
		"ephemeralcontainers": {
			"patches": [_add("/subResource", "ephemeralcontainers"), _replace("/operation", "UPDATE")],
			"policies": {},
			"violation": set(),
		},
		"delete": {"patches": [_replace("/operation", "DELETE")], "policies": {}, "violation": set()},
		"update without a change": {
			"patches": [_replace("/operation", "UPDATE"), _replace("/oldObject", _pod)],
			"policies": {"a": _refusing({_host_pid})},
			"violation": set(),
		},
		"update": {
			"patches": [_replace("/operation", "UPDATE"), _replace("/oldObject", {"metadata": {}, "spec": {}})],
			"policies": {"a": _refusing({_host_pid})},
			"violation": {_violation("unable to validate pod: [hostPID: not allowed]", {}, {"a": ["hostPID: not allowed"]})},
		},
		"refused by two": {
			"patches": [],
			"policies": {"a": _refusing({_host_pid}), "b": _refusing({_host_pid})},
			"violation": {_violation(
				"unable to validate pod: [hostPID: not allowed hostPID: not allowed]",
				{},
				{"a": ["hostPID: not allowed"], "b": ["hostPID: not allowed"]},
			)},
		},
		"a default is missing": {
			"patches": [],
			"policies": {"a": _accepting(_default), "b": _refusing({_host_pid})},
			"violation": {_violation(
				"unable to validate pod: [hostPID: not allowed]",
				{"a": {"metadata.annotations[k]": "v", "spec.containers[0].securityContext.runAsUser": 1}},
				{"a": [], "b": ["hostPID: not allowed"]},
			)},
		},
		"the annotation decides nothing": {
			"patches": [_add("/object/metadata/annotations", {"kubernetes.io/psp": "other"})],
			"policies": {"a": _refusing({_host_pid}), "other": _accepting({})},
			"violation": {_violation("unable to validate pod: [hostPID: not allowed]", {}, {"a": ["hostPID: not allowed"]})},
		},
		"the annotation decides nothing for somebody without a name": {
			"patches": [
				_replace("/userInfo", {}),
				_add("/object/metadata/annotations", {"kubernetes.io/psp": "a"}),
			],
			"policies": {"a": _accepting({})},
			"violation": {_violation("unable to validate pod: []", {}, {})},
		},
		"the annotation decides nothing in a request without uid": {
			"patches": [
				_replace("/uid", ""),
				_add("/object/metadata/annotations", {"kubernetes.io/psp": "other"}),
			],
			"policies": {"other": _accepting({})},
			"violation": {_violation("unable to validate pod: []", {}, {})},
		},
		"no policies": {
			"patches": [],
			"policies": {},
			"violation": {_violation("no providers available to validate pod request", {}, {})},
		},
		"no object": {
			"patches": [_replace("/object", null)],
			"policies": {"a": _accepting({})},
			"violation": {{"msg": "PodSecurityPolicy: the request has no object", "details": {}}},
		},
		"an operation of no type": {
			"patches": [_replace("/operation", 1)],
			"policies": {"a": _accepting({})},
			"violation": {{"msg": "PodSecurityPolicy: the request names no operation", "details": {}}},
		},
	}

	gatekeeper.violation == tc.violation with input as _input(tc.patches)
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

# nobody asks: a pod in the cluster is judged as it stands
test_audit[note] if {
	some note, tc in {
		"granted": {"name": "account", "annotations": {}, "policy": _accepting({}), "msg": ""},
		"refused": {
			"name": "account",
			"annotations": {},
			"policy": _refusing({_host_pid}),
			"msg": concat("", ["unable to validate pod: [hostPID: not allowed] (", _judged_for, ")"]),
		},
		"not granted": {
			"name": "other",
			"annotations": {},
			"policy": _accepting({}),
			"msg": concat("", ["unable to validate pod: [] (", _judged_for, ")"]),
		},
		"by the annotation": {
			"name": "other",
			"annotations": {"kubernetes.io/psp": "other"},
			"policy": _accepting({}),
			"msg": "",
		},
		"by the annotation, with a default missing": {
			"name": "other",
			"annotations": {"kubernetes.io/psp": "other"},
			"policy": _accepting(_default),
			"msg": concat("", ["unable to validate pod: [] (", _judged_for, _by_other, "[])"]),
		},
		"by the annotation, refused": {
			"name": "other",
			"annotations": {"kubernetes.io/psp": "other"},
			"policy": _refusing({_host_pid}),
			"msg": concat("", ["unable to validate pod: [] (", _judged_for, _by_other, "[hostPID: not allowed])"]),
		},
		"by an annotation that names none": {
			"name": "other",
			"annotations": {"kubernetes.io/psp": "none"},
			"policy": _accepting({}),
			"msg": concat("", ["unable to validate pod: [] (", _judged_for, ")"]),
		},
	}

	patches := [
		_replace("/operation", ""),
		_replace("/uid", ""),
		_replace("/userInfo", {}),
		_add("/object/metadata/uid", "1"),
		_add("/object/metadata/annotations", tc.annotations),
		_add("/object/spec/serviceAccountName", "builder"),
	]
	msgs := {v.msg | some v in gatekeeper.violation} with input as _input(patches)
		with data.lib.psp.policies as {tc.name: tc.policy}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	msgs == {concat(" ", ["PodSecurityPolicy:", msg]) | some msg in ({tc.msg} - {""})}
}

# nobody asks, and the pod is not in the cluster yet: it has still to get its defaults
test_expansion[note] if {
	some note, tc in {
		"granted": {"name": "default", "annotations": {}, "policy": _accepting({}), "msg": ""},
		"with defaults": {"name": "default", "annotations": {}, "policy": _accepting(_default), "msg": ""},
		"by the annotation": {
			"name": "other",
			"annotations": {"kubernetes.io/psp": "other"},
			"policy": _accepting(_default),
			"msg": "",
		},
		"refused": {
			"name": "default",
			"annotations": {},
			"policy": _refusing({_host_pid}),
			"msg": concat("", [
				"PodSecurityPolicy: unable to admit pod: [hostPID: not allowed]",
				" (asked without a requester: judged for system:serviceaccount:apps:default)",
			]),
		},
	}

	every operation in ["", "CREATE", "UPDATE"] {
		patches := [
			_replace("/operation", operation),
			_replace("/uid", ""),
			_replace("/userInfo", {}),
			_remove("/oldObject"),
			_add("/object/metadata/annotations", tc.annotations),
		]
		msgs := {v.msg | some v in gatekeeper.violation} with input as _input(patches)
			with data.lib.psp.policies as {tc.name: tc.policy}
			with data.lib.psp.grants as _grants
			with data.lib.psp.dialect as {"groups": []}
		msgs == {tc.msg} - {""}
	}
}

# what is there of RBAC still counts
test_rbac_that_is_not_synced[note] if {
	some note, tc in {
		"nothing is granted": {"users": {}, "msgs": {"PodSecurityPolicy: not synced"}},
		"what is granted refuses": {"users": {"jane": {"cluster": ["b"]}}, "msgs": {"PodSecurityPolicy: not synced"}},
		"what is granted accepts": {"users": {"jane": {"cluster": ["a"]}}, "msgs": set()},
	}

	msgs := {v.msg | some v in gatekeeper.violation} with input as _input([])
		with data.lib.psp.policies as {"a": _accepting({}), "b": _refusing({_host_pid})}
		with data.lib.psp.grants as {"users": tc.users, "groups": {}, "problem": "not synced"}
		with data.lib.psp.dialect as {"groups": []}
	msgs == tc.msgs
}

test_no_decision_is_a_violation if {
	gatekeeper.violation == {{
		"msg": "PodSecurityPolicy: the template came to no decision",
		"details": {"defaults": {}, "refused": {}},
	}} with input as _input([])
		with data.lib.psp.policies as {}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
		with data.lib.psp.response.refuse_pod as _undefined
}

test_no_input_is_a_violation if {
	gatekeeper.violation == {{
		"msg": "PodSecurityPolicy: input is no admission.k8s.io/v1 AdmissionReview",
		"details": {},
	}} with data.lib.psp.policies as {"a": _accepting({})}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

_undefined(phase) := phase if phase == "another"

_judged_for := "asked without a requester: judged for system:serviceaccount:apps:builder"

_by_other := `, and by "other" of the annotation kubernetes.io/psp: `

_host_pid := [[0], "hostPID", "", "", "not allowed"]

_default := {"/metadata/annotations": {"k": "v"}, "/spec/containers/0/securityContext": {"runAsUser": 1}}

_accepting(writes) := {"provider": true, "accepts": true, "writes": writes, "violations": set()}

_refusing(violations) := {"provider": true, "writes": {}, "violations": violations}

_violation(why, defaults, refused) := {
	"msg": concat(" ", ["PodSecurityPolicy:", why]),
	"details": {"defaults": defaults, "refused": refused},
}

_grants := {
	"users": {
		"jane": {"cluster": ["a", "b"]},
		"system:serviceaccount:apps:builder": {"namespaces": {"apps": ["account"]}},
		"system:serviceaccount:apps:default": {"namespaces": {"apps": ["default"]}},
	},
	"groups": {},
}

_add(path, value) := {"op": "add", "path": path, "value": value}

_remove(path) := {"op": "remove", "path": path}

_replace(path, value) := {"op": "replace", "path": path, "value": value}

# the creation of a pod as Gatekeeper asks about it, with patches to the request
_input(patches) := {
	"parameters": {},
	"review": json.patch(
		{
			"uid": "u-1",
			"kind": {"group": "", "version": "v1", "kind": "Pod"},
			"resource": {"group": "", "version": "v1", "resource": "pods"},
			"namespace": "apps",
			"operation": "CREATE",
			"userInfo": {"username": "jane", "groups": ["system:authenticated"]},
			"object": _pod,
			"oldObject": null,
			"namespaceObject": {},
		},
		patches,
	),
}

_pod := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "p"},
	"spec": {"containers": [{"name": "c", "image": "app:1"}]},
}
