package lib.psp.request_test

import data.lib.psp.request

test_judged[note] if {
	some note, input_document in {
		"creation": _review({}),
		"update": _review({"operation": "UPDATE"}),
		"empty subresource": _review({"subResource": ""}),
		"no namespace": json.remove(_review({}), ["/request/namespace"]),
		"empty namespace": _review({"namespace": ""}),
		"no group": _review({"resource": {"version": "v1", "resource": "pods"}}),
		"another version of pods": _review({"resource": {"group": "", "version": "v2", "resource": "pods"}}),
		"no resource but a kind": json.remove(_review({}), ["/request/resource"]),
		"empty resource but a kind": _review({"resource": {"group": "", "version": "", "resource": ""}}),
		"kind without group": json.remove(_review({"resource": {}}), ["/request/kind/group"]),
		"resource without kind": json.remove(_review({}), ["/request/kind"]),
		"resource beside another kind": _review({"kind": {"group": "policy", "version": "v1", "kind": "Eviction"}}),
		"Gatekeeper": {"review": _review({}).request},
		"Gatekeeper's audit": {"review": _review({"operation": ""}).request},
		"gator": {"review": _review({"operation": "", "resource": {"group": "", "version": "", "resource": ""}}).request},
	}

	request.judged with input as input_document
	not request.problem with input as input_document
}

test_let_through[note] if {
	some note, changes in {
		"delete": {"operation": "DELETE"},
		"connect": {"operation": "CONNECT"},
		"other case": {"operation": "Create"},
		"status": {"subResource": "status"},
		"ephemeralcontainers": {"subResource": "ephemeralcontainers"},
		"another resource": {"resource": {"group": "", "version": "v1", "resource": "podtemplates"}},
		"another group": {"resource": {"group": "metrics.k8s.io", "version": "v1", "resource": "pods"}},
		"empty resource, another kind": {
			"resource": {"group": "", "version": "", "resource": ""},
			"kind": {"group": "", "version": "v1", "kind": "Node"},
		},
		"empty resource, another group": {
			"resource": {"group": "", "version": "", "resource": ""},
			"kind": {"group": "x", "version": "v1", "kind": "Pod"},
		},
		"another resource of kind Pod": {"resource": {"group": "", "version": "v1", "resource": "nodes"}},
	}

	not request.judged with input as _review(changes)
	not request.problem with input as _review(changes)
}

test_problem[note] if {
	some note, tc in {
		"empty": {"input": {}, "want": "input is no admission.k8s.io/v1 AdmissionReview"},
		"null": {"input": null, "want": "input is no admission.k8s.io/v1 AdmissionReview"},
		"a list": {"input": [_review({})], "want": "input is no admission.k8s.io/v1 AdmissionReview"},
		"a text": {"input": "AdmissionReview", "want": "input is no admission.k8s.io/v1 AdmissionReview"},
		"another version": {
			"input": object.union(_review({}), {"apiVersion": "admission.k8s.io/v1beta1"}),
			"want": "input is no admission.k8s.io/v1 AdmissionReview",
		},
		"another kind": {
			"input": object.union(_review({}), {"kind": "Pod"}),
			"want": "input is no admission.k8s.io/v1 AdmissionReview",
		},
		"no kind": {
			"input": object.remove(_review({}), ["kind"]),
			"want": "input is no admission.k8s.io/v1 AdmissionReview",
		},
		"a review that is no object": {
			"input": {"review": "x"},
			"want": "input is no admission.k8s.io/v1 AdmissionReview",
		},
		"no request": {
			"input": object.remove(_review({}), ["request"]),
			"want": "the AdmissionReview has no request",
		},
		"null request": {
			"input": object.union(_review({}), {"request": null}),
			"want": "the AdmissionReview has no request",
		},
		"false request": {
			"input": object.union(_review({}), {"request": false}),
			"want": "the AdmissionReview has no request",
		},
		"a request that is a list": {
			"input": object.union(_review({}), {"request": []}),
			"want": "the AdmissionReview has no request",
		},
		"nothing in the request": {
			"input": object.union(object.remove(_review({}), ["request"]), {"request": {}}),
			"want": "the request names no resource",
		},
		"neither resource nor kind": {
			"input": json.remove(_review({}), ["/request/resource", "/request/kind"]),
			"want": "the request names no resource",
		},
		"empty resource and kind": {
			"input": _review({"resource": {"group": "", "version": "", "resource": ""}, "kind": {"group": "", "kind": ""}}),
			"want": "the request names no resource",
		},
		"a resource that is no string": {
			"input": _review({"resource": {"group": "", "version": "v1", "resource": 5}}),
			"want": "the request names no resource",
		},
		"a group that is no string": {
			"input": _review({"resource": {"group": null, "version": "v1", "resource": "pods"}}),
			"want": "the request names no resource",
		},
		"a kind that is no string": {
			"input": _review({"resource": {}, "kind": {"group": "", "version": "v1", "kind": ["Pod"]}}),
			"want": "the request names no resource",
		},
		"no operation": {
			"input": json.remove(_review({}), ["/request/operation"]),
			"want": "the request names no operation",
		},
		"empty operation": {"input": _review({"operation": ""}), "want": "the request names no operation"},
		"null operation": {"input": _review({"operation": null}), "want": "the request names no operation"},
		"an operation that is a list": {
			"input": _review({"operation": ["CREATE"]}),
			"want": "the request names no operation",
		},
		"no operation, Gatekeeper": {
			"input": {"review": object.remove(_review({}).request, ["operation"])},
			"want": "the request names no operation",
		},
		"null namespace": {
			"input": _review({"namespace": null}),
			"want": "the request's namespace or subResource is no string",
		},
		"a namespace that is a number": {
			"input": _review({"namespace": 1}),
			"want": "the request's namespace or subResource is no string",
		},
		"null subresource": {
			"input": _review({"subResource": null}),
			"want": "the request's namespace or subResource is no string",
		},
	}

	request.problem == tc.want with input as tc.input
	not request.judged with input as tc.input
}

test_problem_without_input if {
	request.problem == "input is no admission.k8s.io/v1 AdmissionReview"
	not request.judged
}

test_uid[note] if {
	some note, tc in {
		"request": {"input": _review({}), "want": "u-1"},
		"no uid": {"input": json.remove(_review({}), ["/request/uid"]), "want": ""},
		"no request": {"input": {}, "want": ""},
		"Gatekeeper answers itself": {"input": {"review": {"uid": "u-1"}}, "want": ""},
		"a text": {"input": "x", "want": ""},
	}

	request.uid == tc.want with input as tc.input
}

test_namespace[note] if {
	some note, tc in {
		"request": {"input": _review({}), "want": "apps"},
		"none": {"input": json.remove(_review({}), ["/request/namespace"]), "want": ""},
		"the object's plays no part": {
			"input": _review({"namespace": "", "object": {"metadata": {"namespace": "x"}}}),
			"want": "",
		},
		"Gatekeeper": {"input": {"review": {"namespace": "apps"}}, "want": "apps"},
	}

	request.namespace == tc.want with input as tc.input
}

test_review_is_the_request if {
	request.review == _review({}).request with input as _review({})
	request.review == _review({}).request with input as {"review": _review({}).request}
}

test_unasked[note] if {
	some note, tc in {
		"an audit": {"input": {"review": {"uid": "", "userInfo": {}, "operation": ""}}, "want": {true}},
		"an expansion": {"input": {"review": {"uid": "", "userInfo": {"username": ""}}}, "want": {true}},
		"no members": {"input": {"review": {}}, "want": {true}},
		"null user": {"input": {"review": {"userInfo": null}}, "want": {true}},
		"a uid": {"input": {"review": {"uid": "u-1", "userInfo": {}}}, "want": set()},
		"a requester": {"input": {"review": {"uid": "", "userInfo": {"username": "jane"}}}, "want": set()},
		"a uid of another type": {"input": {"review": {"uid": 1}}, "want": set()},
		"an API server": {"input": _review({}), "want": set()},
		"OPA without uid and requester": {"input": {"request": {}}, "want": set()},
		"both": {"input": {"request": {}, "review": {}}, "want": set()},
		"nothing": {"input": {}, "want": set()},
	}

	{true | request.unasked} == tc.want with input as tc.input
}

# the creation of a pod, with changes to the request
_review(changes) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": object.union(object.remove(_request, object.keys(changes)), changes),
}

_request := {
	"uid": "u-1",
	"kind": {"group": "", "version": "v1", "kind": "Pod"},
	"resource": {"group": "", "version": "v1", "resource": "pods"},
	"namespace": "apps",
	"operation": "CREATE",
	"userInfo": {"username": "jane", "groups": ["dev"]},
	"object": {"metadata": {"name": "p"}, "spec": {"containers": []}},
}
