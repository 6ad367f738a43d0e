package lib.psp.allow_privilege_escalation_test

import data.lib.psp.allow_privilege_escalation
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"unset": {"contexts": [{}, null, {"privileged": true}], "want": []},
		"null": {"contexts": [_set(null), _set(null), _set(null)], "want": []},
		"false": {"contexts": [_set(false), _set(false), _set(false)], "want": []},
		"init": {"contexts": [_set(true), _set(false), {}], "want": [_refusal("initContainers")]},
		"regular": {"contexts": [{}, _set(true), _set(null)], "want": [_refusal("containers")]},
		"ephemeral": {"contexts": [{}, {}, _set(true)], "want": [_refusal("ephemeralContainers")]},
		"no boolean": {"contexts": [_set("false"), _set(0), {}], "want": [
			_refusal("initContainers"),
			_refusal("containers"),
		]},
	}

	text.lines(allow_privilege_escalation.not_allowed) == tc.want with input as _review(tc.contexts)
}

test_default_not_allowed[note] if {
	some note, tc in {
		"unset": {"contexts": [{}, null, {"privileged": true}], "want": [
			_refusal("initContainers"),
			_refusal("containers"),
			_refusal("ephemeralContainers"),
		]},
		"null": {"contexts": [_set(false), _set(null), _set(true)], "want": [_refusal("containers")]},
		"set": {"contexts": [_set(false), _set(true), _set(false)], "want": []},
	}

	text.lines(allow_privilege_escalation.default_not_allowed) == tc.want with input as _review(tc.contexts)
}

test_literal_text if {
	want := [concat(": ", [
		"spec.containers[0].securityContext.allowPrivilegeEscalation",
		"Invalid value",
		"true",
		"Allowing privilege escalation for containers is not allowed",
	])]
	text.lines(allow_privilege_escalation.not_allowed) == want with input as _review([{}, _set(true), {}])
}

test_unset[note] if {
	some note, tc in {
		"unset": {"contexts": [{}, null, {"privileged": true}], "want": {
			"/spec/initContainers/0/securityContext",
			"/spec/containers/0/securityContext",
			"/spec/ephemeralContainers/0/securityContext",
		}},
		"null": {"contexts": [_set(true), _set(null), _set(false)], "want": {"/spec/containers/0/securityContext"}},
		"set": {"contexts": [_set(true), _set(false), _set(true)], "want": set()},
	}

	allow_privilege_escalation.unset == tc.want with input as _review(tc.contexts)
}

_set(value) := {"allowPrivilegeEscalation": value}

_refusal(list) := concat(": ", [path, "Invalid value", "true", detail]) if {
	path := sprintf("spec.%s[0].securityContext.allowPrivilegeEscalation", [list])
	detail := "Allowing privilege escalation for containers is not allowed"
}

# a pod with one container of each kind, with these securityContexts
_review([init, regular, ephemeral]) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": {
		"initContainers": [{"name": "i", "securityContext": init}],
		"containers": [{"name": "c", "securityContext": regular}],
		"ephemeralContainers": [{"name": "e", "securityContext": ephemeral}],
	}}},
}
