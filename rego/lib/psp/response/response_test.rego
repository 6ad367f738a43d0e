package lib.psp.response_test

import data.lib.psp.response

test_let_through if {
	response.let_through == _answer({"uid": "u-1", "allowed": true}) with input as {"request": {"uid": "u-1"}}
	response.let_through == _answer({"uid": "", "allowed": true}) with input as {}
}

test_refuse if {
	want := _refusal("u-1", "PodSecurityPolicy: a \"b\" %s")
	response.refuse("a \"b\" %s") == want with input as {"request": {"uid": "u-1"}}
	response.refuse("x") == _refusal("", "PodSecurityPolicy: x") with input as "no object"
}

test_unjudged[note] if {
	some note, tc in {
		"no review": {
			"input": {"request": {"uid": "u-1"}},
			"want": _refusal("u-1", "PodSecurityPolicy: input is no admission.k8s.io/v1 AdmissionReview"),
		},
		"another resource": {
			"input": _review({"resource": {"group": "", "resource": "nodes"}, "kind": {"kind": "Node"}, "operation": "CREATE"}),
			"want": _answer({"uid": "u-1", "allowed": true}),
		},
	}

	response.unjudged == tc.want with input as tc.input
}

test_refuse_pod[note] if {
	some note, tc in {
		"no policies": {
			"policies": {},
			"phase": "admit",
			"message": "PodSecurityPolicy: no providers available to validate pod request",
		},
		"none to be used": {
			"policies": {"a": {"provider": false, "unusable": "why"}},
			"phase": "validate",
			"message": "PodSecurityPolicy: no providers available to validate pod request",
		},
		"none granted": {
			"policies": {"x": _refusing({_violation("x", "1")})},
			"phase": "admit",
			"message": "PodSecurityPolicy: unable to admit pod: []",
		},
		"accepted after a change only": {
			"policies": {"a": _refusing(set())},
			"phase": "validate",
			"message": "PodSecurityPolicy: unable to validate pod: []",
		},
		"blocks of policies by name, lines in native's order": {
			"policies": {
				"b": _refusing({_violation("b", "1")}),
				"a": _refusing({_violation("a", "2"), _violation("a", "1")}),
				"x": _refusing({_violation("x", "1")}),
			},
			"phase": "validate",
			"message": "PodSecurityPolicy: unable to validate pod: [a: Forbidden: 1 a: Forbidden: 2 b: Forbidden: 1]",
		},
	}

	response.refuse_pod(tc.phase) == _refusal("u-1", tc.message) with input as _review({})
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as {"users": {"jane": {"cluster": ["a", "b"]}}, "groups": {}}
		with data.lib.psp.dialect as {"groups": []}
}

_refusing(violations) := {"provider": true, "writes": {}, "violations": violations}

_violation(path, detail) := [[0, 4], path, "Forbidden", null, detail]

_answer(response) := {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

_refusal(uid, message) := _answer({
	"uid": uid,
	"allowed": false,
	"status": {"code": 403, "reason": "Forbidden", "message": message},
})

_review(changes) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": object.union(
		{
			"uid": "u-1",
			"namespace": "apps",
			"userInfo": {"username": "jane"},
			"object": {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}},
		},
		changes,
	),
}

test_warnings[note] if {
	some note, tc in {
		"nothing filled in": {"writes": {}, "want": []},
		"fields by place": {
			"writes": {
				"/spec/securityContext": {"fsGroup": 1},
				"/spec/initContainers/10/securityContext": {"runAsUser": 1, "runAsNonRoot": true},
				"/spec": {"runtimeClassName": "kata"},
				"/metadata/annotations": {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"},
			},
			"want": [
				`PodSecurityPolicy "a" set metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]`,
				`PodSecurityPolicy "a" set spec.runtimeClassName`,
				`PodSecurityPolicy "a" set spec.initContainers[10].securityContext.runAsNonRoot`,
				`PodSecurityPolicy "a" set spec.initContainers[10].securityContext.runAsUser`,
				`PodSecurityPolicy "a" set spec.securityContext.fsGroup`,
			],
		},
		"more than five": {
			"writes": {"/spec": {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}},
			"want": [
				`PodSecurityPolicy "a" set spec.a`,
				`PodSecurityPolicy "a" set spec.b`,
				`PodSecurityPolicy "a" set spec.c`,
				`PodSecurityPolicy "a" set spec.d`,
				`PodSecurityPolicy "a" set 2 more fields`,
			],
		},
		"a line as long as may be": {
			"writes": {"/spec": {_letters(89): 1}},
			"want": [sprintf(`PodSecurityPolicy "a" set spec.%s`, [_letters(89)])],
		},
		"a longer one": {
			"writes": {"/spec": {_letters(90): 1}},
			"want": [sprintf(`PodSecurityPolicy "a" set spec.%s...`, [_letters(86)])],
		},
	}

	response.warnings == tc.want with input as _review({})
		with data.lib.psp.policies as {"a": {
			"provider": true,
			"accepts": true,
			"writes": tc.writes,
			"violations": set(),
		}}
		with data.lib.psp.grants as {"users": {"jane": {"cluster": ["a"]}}, "groups": {}}
		with data.lib.psp.dialect as {"groups": []}
}

_letters(n) := substring(_hundred, 0, n)

_hundred := "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
