package psp.validate_test

import data.psp

test_allowed[note] if {
	some note, tc in {
		"creation": {"patches": [], "policies": {"b": _accepting({}), "a": _accepting({})}, "policy": "a"},
		"update": {
			"patches": [_replace("/operation", "UPDATE"), _replace("/oldObject", {"metadata": {}, "spec": {}})],
			"policies": {"a": _accepting({})},
			"policy": "a",
		},
		"update without old object": {
			"patches": [_replace("/operation", "UPDATE")],
			"policies": {"a": _accepting({})},
			"policy": "a",
		},
		"the policy in the annotation goes first": {
			"patches": [_add("/object/metadata/annotations", {"kubernetes.io/psp": "b"})],
			"policies": {"a": _accepting({}), "b": _accepting({})},
			"policy": "b",
		},
		"the annotation alone decides nothing": {
			"patches": [_add("/object/metadata/annotations", {"kubernetes.io/psp": "b"})],
			"policies": {"a": _accepting({}), "b": _refusing(set())},
			"policy": "a",
		},
		"one that changes nothing": {
			"patches": [],
			"policies": {"a": _accepting({"/spec": {"runtimeClassName": "kata"}}), "b": _accepting({})},
			"policy": "b",
		},
		"by the pod's service account": {
			"patches": [_replace("/userInfo/username", "x"), _add("/object/spec/serviceAccountName", "builder")],
			"policies": {"a": _accepting({}), "account": _accepting({})},
			"policy": "account",
		},
	}

	response := psp.validate with input as _review(tc.patches)
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == {
		"apiVersion": "admission.k8s.io/v1",
		"kind": "AdmissionReview",
		"response": {"uid": "u-1", "allowed": true, "auditAnnotations": {"validate-policy": tc.policy}},
	}
}

# what native leaves alone
test_let_through[note] if {
	some note, patches in {
		"another resource": [_replace("/resource/resource", "deployments")],
		"ephemeralcontainers": [_add("/subResource", "ephemeralcontainers"), _replace("/operation", "UPDATE")],
		"delete": [_replace("/operation", "DELETE")],
		"connect": [_replace("/operation", "CONNECT")],
		"update without a change": [_replace("/operation", "UPDATE"), _replace("/oldObject", _pod)],
		"update of finalizers": [
			_replace("/operation", "UPDATE"),
			_replace("/oldObject", json.patch(_pod, [_add("/metadata/finalizers", ["x"])])),
		],
	}

	response := psp.validate with input as _review(patches)
		with data.lib.psp.policies as {}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == {
		"apiVersion": "admission.k8s.io/v1",
		"kind": "AdmissionReview",
		"response": {"uid": "u-1", "allowed": true},
	}
}

test_refused[note] if {
	some note, tc in {
		"no policies": {
			"patches": [],
			"policies": {},
			"why": "no providers available to validate pod request",
		},
		"update of a label without policies": {
			"patches": [
				_replace("/operation", "UPDATE"),
				_replace("/oldObject", json.patch(_pod, [_add("/metadata/labels", {"a": "b"})])),
			],
			"policies": {"a": {"provider": false, "unusable": "why"}},
			"why": "no providers available to validate pod request",
		},
		"none may be used": {
			"patches": [],
			"policies": {"x": _accepting({})},
			"why": "unable to validate pod: []",
		},
		"every policy would change something": {
			"patches": [],
			"policies": {"a": _accepting({"/spec": {"runtimeClassName": "kata"}})},
			"why": "unable to validate pod: []",
		},
		"every policy refuses or would change something": {
			"patches": [],
			"policies": {
				"a": _accepting({"/spec": {"runtimeClassName": "kata"}}),
				"b": _refusing({[[0, 4], "b", "Forbidden", null, "1"]}),
				"x": _refusing({[[0, 4], "x", "Forbidden", null, "1"]}),
			},
			"why": "unable to validate pod: [b: Forbidden: 1]",
		},
		"no object": {
			"patches": [_remove("/object")],
			"policies": {"a": _accepting({})},
			"why": "the request has no object",
		},
		"no operation": {
			"patches": [_remove("/operation")],
			"policies": {"a": _accepting({})},
			"why": "the request names no operation",
		},
		"a wrong type": {
			"patches": [_add("/object/spec/volumes", {})],
			"policies": {"a": _accepting({})},
			"why": "wrong type: volumes is no array",
		},
		"a wrong type in an update": {
			"patches": [
				_replace("/operation", "UPDATE"),
				_add("/object/spec/volumes", {}),
				_replace("/oldObject", json.patch(_pod, [_add("/spec/volumes", {})])),
			],
			"policies": {"a": _accepting({})},
			"why": "wrong type: volumes is no array",
		},
	}

	response := psp.validate with input as _review(tc.patches)
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == _refusal("u-1", tc.why)
}

test_no_admission_review[note] if {
	some note, tc in {
		"empty": {"input": {}, "want": _refusal("", "input is no admission.k8s.io/v1 AdmissionReview")},
		"text": {"input": "x", "want": _refusal("", "input is no admission.k8s.io/v1 AdmissionReview")},
		"another version": {
			"input": object.union(_review([]), {"apiVersion": "v1"}),
			"want": _refusal("u-1", "input is no admission.k8s.io/v1 AdmissionReview"),
		},
	}

	response := psp.validate with input as tc.input
		with data.lib.psp.policies as {"a": _accepting({})}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == tc.want
}

test_no_input if {
	response := psp.validate with data.lib.psp.policies as {"a": _accepting({})}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == _refusal("", "input is no admission.k8s.io/v1 AdmissionReview")
}

# Gatekeeper's audit knows no operation and no user: the pod's service account is judged, and nothing is skipped
test_audit_by_gatekeeper[note] if {
	some note, tc in {
		"granted": {"account": "builder", "allowed": true},
		"not granted": {"account": "default", "allowed": false},
	}

	patches := [
		_replace("/operation", ""),
		_replace("/userInfo", {}),
		_replace("/oldObject", _pod),
		_add("/object/spec/serviceAccountName", tc.account),
	]
	response := psp.validate with input as {"review": _review(patches).request, "parameters": {}}
		with data.lib.psp.policies as {"account": _accepting({})}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response.response.allowed == tc.allowed
}

test_no_decision_is_a_refusal if {
	response := psp.validate with input as _review([])
		with data.lib.psp.policies as {}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
		with data.lib.psp.response.refuse_pod as _undefined
	response == _refusal("u-1", "the bundle came to no decision")
}

_undefined(phase) := phase if phase == "another"

_accepting(writes) := {"provider": true, "accepts": true, "writes": writes, "violations": set()}

_refusing(violations) := {"provider": true, "writes": {}, "violations": violations}

_grants := {
	"users": {
		"jane": {"cluster": ["a", "b"]},
		"system:serviceaccount:apps:builder": {"namespaces": {"apps": ["account"]}},
	},
	"groups": {},
}

_refusal(uid, why) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"response": {
		"uid": uid,
		"allowed": false,
		"status": {"code": 403, "reason": "Forbidden", "message": concat(" ", ["PodSecurityPolicy:", why])},
	},
}

_add(path, value) := {"op": "add", "path": path, "value": value}

_replace(path, value) := {"op": "replace", "path": path, "value": value}

_remove(path) := {"op": "remove", "path": path}

# the creation of a pod, with patches to the request
_review(patches) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": json.patch(
		{
			"uid": "u-1",
			"kind": {"group": "", "version": "v1", "kind": "Pod"},
			"resource": {"group": "", "version": "v1", "resource": "pods"},
			"namespace": "apps",
			"operation": "CREATE",
			"userInfo": {"username": "jane", "groups": ["system:authenticated"]},
			"object": _pod,
			"oldObject": null,
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
