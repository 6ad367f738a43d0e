package psp.mutate_test

import data.psp

# what native leaves alone
test_let_through[note] if {
	some note, patches in {
		"another resource": [_replace("/resource/resource", "deployments")],
		"pods of another group": [_replace("/resource/group", "metrics.k8s.io")],
		"status": [_add("/subResource", "status")],
		"ephemeralcontainers": [_add("/subResource", "ephemeralcontainers")],
		"a subresource on update": [_add("/subResource", "resize"), _replace("/operation", "UPDATE")],
		"delete": [_replace("/operation", "DELETE")],
		"connect": [_replace("/operation", "CONNECT")],
		"an operation nobody knows": [_replace("/operation", "create")],
		"update": [_replace("/operation", "UPDATE"), _add("/oldObject", _pod)],
		"update without old object": [_replace("/operation", "UPDATE")],
		"an object of any shape for another resource": [_replace("/resource/resource", "nodes"), _replace("/object", null)],
		"no resource, another kind": [_replace("/resource/resource", ""), _replace("/kind/kind", "Node")],
	}

	response := psp.mutate with input as _review(patches)
		with data.lib.psp.policies as {}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == {
		"apiVersion": "admission.k8s.io/v1",
		"kind": "AdmissionReview",
		"response": {"uid": "u-1", "allowed": true},
	}
}

# what cannot be judged
test_refused[note] if {
	some note, tc in {
		"no resource and no kind": {
			"patches": [_remove("/resource"), _remove("/kind")],
			"why": "the request names no resource",
		},
		"no operation": {"patches": [_remove("/operation")], "why": "the request names no operation"},
		"an empty operation": {"patches": [_replace("/operation", "")], "why": "the request names no operation"},
		"an operation that is no string": {"patches": [_replace("/operation", 1)], "why": "the request names no operation"},
		"a namespace that is no string": {
			"patches": [_replace("/namespace", null)],
			"why": "the request's namespace or subResource is no string",
		},
		"a subresource that is no string": {
			"patches": [_add("/subResource", null)],
			"why": "the request's namespace or subResource is no string",
		},
		"no object": {"patches": [_remove("/object")], "why": "the request has no object"},
		"null object": {"patches": [_replace("/object", null)], "why": "the request has no object"},
		"another kind of object": {"patches": [_replace("/object/kind", "Deployment")], "why": "the object is no Pod"},
		"no metadata": {"patches": [_remove("/object/metadata")], "why": "the object has no metadata or no spec"},
		"a wrong type": {
			"patches": [_add("/object/spec/securityContext", "x")],
			"why": "wrong type: podSecurityContext is no object",
		},
	}

	response := psp.mutate with input as _review(tc.patches)
		with data.lib.psp.policies as {"a": _accepting({})}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == _refusal("u-1", tc.why)
}

test_no_admission_review[note] if {
	some note, tc in {
		"another kind": {
			"review": json.patch(_review([]), [{"op": "replace", "path": "/kind", "value": "Pod"}]),
			"want": _refusal("u-1", "input is no admission.k8s.io/v1 AdmissionReview"),
		},
		"another version": {
			"review": json.patch(_review([]), [{"op": "replace", "path": "/apiVersion", "value": "admission.k8s.io/v1beta1"}]),
			"want": _refusal("u-1", "input is no admission.k8s.io/v1 AdmissionReview"),
		},
		"a bare request": {
			"review": _review([]).request,
			"want": _refusal("", "input is no admission.k8s.io/v1 AdmissionReview"),
		},
		"empty": {"review": {}, "want": _refusal("", "input is no admission.k8s.io/v1 AdmissionReview")},
		"null": {"review": null, "want": _refusal("", "input is no admission.k8s.io/v1 AdmissionReview")},
		"a list": {"review": [], "want": _refusal("", "input is no admission.k8s.io/v1 AdmissionReview")},
		"text": {"review": "x", "want": _refusal("", "input is no admission.k8s.io/v1 AdmissionReview")},
		"no request": {
			"review": json.remove(_review([]), ["/request"]),
			"want": _refusal("", "the AdmissionReview has no request"),
		},
		"null request": {
			"review": json.patch(_review([]), [{"op": "replace", "path": "/request", "value": null}]),
			"want": _refusal("", "the AdmissionReview has no request"),
		},
	}

	response := psp.mutate with input as tc.review
		with data.lib.psp.policies as {"a": _accepting({})}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == tc.want
}

test_no_input if {
	response := psp.mutate with data.lib.psp.policies as {"a": _accepting({})}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == _refusal("", "input is no admission.k8s.io/v1 AdmissionReview")
}

test_chosen_policy_and_its_changes[note] if {
	some note, tc in {
		"the first by name": {"policies": {"b": _accepting({}), "a": _accepting({})}, "policy": "a", "container": {}},
		"names in byte order": {
			"policies": {"a1": _accepting({}), "a.b": _accepting({}), "a-b": _accepting({}), "ab": _accepting({})},
			"policy": "a-b",
			"container": {},
		},
		"one that refuses": {
			"policies": {"a": _refusing(set()), "z": _accepting(_read_only)},
			"policy": "z",
			"container": {"securityContext": {"readOnlyRootFilesystem": true}},
		},
		"one that changes nothing goes before one that does": {
			"policies": {"a": _accepting(_read_only), "z": _accepting({})},
			"policy": "z",
			"container": {},
		},
		"the first of those that change something": {
			"policies": {"n": _accepting(_non_root), "m": _accepting(_read_only)},
			"policy": "m",
			"container": {"securityContext": {"readOnlyRootFilesystem": true}},
		},
		"one that may not be used, and changes nothing": {
			"policies": {"a": _accepting(_read_only), "unused": _accepting({})},
			"policy": "a",
			"container": {"securityContext": {"readOnlyRootFilesystem": true}},
		},
		"one that is skipped": {
			"policies": {"a": {"provider": false, "unusable": "why"}, "b": _accepting({})},
			"policy": "b",
			"container": {},
		},
		"the annotation is no hint": {
			"policies": {"a": _accepting({}), "z": _accepting({})},
			"policy": "a",
			"container": {},
		},
	}

	pod := json.patch(_pod, [_add("/metadata/annotations", {"kubernetes.io/psp": "z"})])
	response := psp.mutate with input as _review([_replace("/object", pod)])
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	_outcome(response, pod) == {
		"uid": "u-1",
		"allowed": true,
		"patchType": "JSONPatch",
		"auditAnnotations": {"admit-policy": tc.policy},
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "p", "annotations": {"kubernetes.io/psp": tc.policy}},
			"spec": {"containers": [object.union(_pod.spec.containers[0], tc.container)]},
		},
	}
}

test_refusing_policies[note] if {
	some note, tc in {
		"no policies": {"policies": {}, "why": "no providers available to validate pod request"},
		"no usable policies": {
			"policies": {"a": {"provider": false, "unusable": "why"}},
			"why": "no providers available to validate pod request",
		},
		"none may be used": {"policies": {"unused": _accepting({})}, "why": "unable to admit pod: []"},
		"none that may be used is usable": {
			"policies": {"a": {"provider": false, "unusable": "why"}, "unused": _accepting({})},
			"why": "unable to admit pod: []",
		},
		"one refuses": {
			"policies": {"a": _refusing({[[1, 5], ".securityContext.privileged", "Invalid value", true, "no"]})},
			"why": "unable to admit pod: [spec.containers[0].securityContext.privileged: Invalid value: true: no]",
		},
		"each in its own block, and none of those that may not be used": {
			"policies": {
				"b": _refusing({[[0, 5], "b", "Forbidden", null, "2"], [[0, 4], "b", "Forbidden", null, "1"]}),
				"a": _refusing({[[0, 9], "a", "Invalid value", "x", ""]}),
				"unused": _refusing({[[0, 9], "unused", "Forbidden", null, ""]}),
			},
			"why": "unable to admit pod: [a: Invalid value: \"x\" b: Forbidden: 1 b: Forbidden: 2]",
		},
		"a policy that accepts without saying what it writes": {
			"policies": {"a": {"provider": true, "accepts": true, "violations": set()}},
			"why": "unable to admit pod: []",
		},
	}

	response := psp.mutate with input as _review([])
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response == _refusal("u-1", tc.why)
}

# Gatekeeper hands over the request alone; audit and expansion know no operation and no user
test_form_of_gatekeeper[note] if {
	some note, patches in {
		"create": [],
		"audit": [_replace("/operation", ""), _replace("/userInfo", {}), _add("/object/spec/serviceAccountName", "builder")],
		"gator": [_replace("/operation", ""), _replace("/resource", {"group": "", "version": "", "resource": ""})],
	}

	response := psp.mutate with input as {"review": _review(patches).request, "parameters": {}}
		with data.lib.psp.policies as {"a": _accepting({})}
		with data.lib.psp.grants as object.union(_grants, {"users": {_account: {"cluster": ["a"]}}})
		with data.lib.psp.dialect as {"groups": []}
	response.response.allowed == true
	response.response.auditAnnotations == {"admit-policy": "a"}
}

test_form_of_gatekeeper_that_is_let_through if {
	response := psp.mutate with input as {"review": _review([_replace("/operation", "DELETE")]).request}
		with data.lib.psp.policies as {}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	response.response.allowed == true
}

test_no_decision_is_a_refusal if {
	response := psp.mutate with input as _review([])
		with data.lib.psp.policies as {}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
		with data.lib.psp.response.refuse_pod as _undefined
	response == _refusal("u-1", "the bundle came to no decision")
}

_undefined(phase) := phase if phase == "another"

_accepting(writes) := {"provider": true, "accepts": true, "writes": writes, "violations": set()}

_refusing(violations) := {"provider": true, "writes": {}, "violations": violations}

_account := "system:serviceaccount:apps:builder"

_read_only := {"/spec/containers/0/securityContext": {"readOnlyRootFilesystem": true}}

_non_root := {"/spec/containers/0/securityContext": {"runAsNonRoot": true}}

_grants := {"users": {"jane": {"cluster": ["a", "b", "a1", "a.b", "a-b", "ab", "m", "n", "z"]}}, "groups": {}}

_outcome(answer, pod) := object.union(
	object.remove(answer.response, ["patch", "warnings"]),
	{"object": json.patch(pod, json.unmarshal(base64.decode(answer.response.patch)))},
) if {
	object.remove(answer, ["response"]) == {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
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
