# The root system/main of a bundle is an answer to the API server: tests of it have to live elsewhere.
package psp.system_main_test

import data.psp
import data.system.main

test_same_as_validate[note] if {
	some note, tc in {
		"allowed": {"policies": {"a": _policy}, "operation": "CREATE", "allowed": true},
		"refused": {"policies": {}, "operation": "CREATE", "allowed": false},
		"let through": {"policies": {}, "operation": "DELETE", "allowed": true},
		"no request that can be judged": {"policies": {"a": _policy}, "operation": "", "allowed": false},
	}

	want := psp.validate with input as _review(tc.operation)
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	got := [main.apiVersion, main.kind, main.response] with input as _review(tc.operation)
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	got == [want.apiVersion, want.kind, want.response]
	got[2].allowed == tc.allowed
}

test_no_input if {
	main.apiVersion == "admission.k8s.io/v1"
	main.kind == "AdmissionReview"
	main.response.allowed == false
}

_policy := {"provider": true, "accepts": true, "writes": {}, "violations": set()}

_grants := {"users": {"jane": {"cluster": ["a"]}}, "groups": {}}

_review(operation) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"uid": "u-1",
		"kind": {"group": "", "version": "v1", "kind": "Pod"},
		"resource": {"group": "", "version": "v1", "resource": "pods"},
		"namespace": "apps",
		"operation": operation,
		"userInfo": {"username": "jane"},
		"object": {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}},
	},
}
