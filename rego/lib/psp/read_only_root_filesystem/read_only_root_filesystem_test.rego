package lib.psp.read_only_root_filesystem_test

import data.lib.psp.read_only_root_filesystem
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"unset": {"contexts": [{}, null, {"privileged": true}], "want": []},
		"null": {"contexts": [_set(null), _set(null), _set(null)], "want": []},
		"true": {"contexts": [_set(true), _set(true), _set(true)], "want": []},
		"init": {"contexts": [_set(false), _set(true), {}], "want": [_refusal("initContainers")]},
		"regular": {"contexts": [{}, _set(false), _set(null)], "want": [_refusal("containers")]},
		"ephemeral": {"contexts": [{}, {}, _set(false)], "want": [_refusal("ephemeralContainers")]},
		"no boolean": {"contexts": [_set("true"), _set(1), {}], "want": [
			_refusal("initContainers"),
			_refusal("containers"),
		]},
	}

	text.lines(read_only_root_filesystem.not_allowed) == tc.want with input as _review(tc.contexts)
}

test_literal_text if {
	want := [concat(": ", [
		"spec.containers[0].securityContext.readOnlyRootFilesystem",
		"Invalid value",
		"false",
		"ReadOnlyRootFilesystem must be set to true",
	])]
	text.lines(read_only_root_filesystem.not_allowed) == want with input as _review([{}, _set(false), {}])
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

	read_only_root_filesystem.unset == tc.want with input as _review(tc.contexts)
}

_set(value) := {"readOnlyRootFilesystem": value}

_refusal(list) := concat(": ", [path, "Invalid value", "false", detail]) if {
	path := sprintf("spec.%s[0].securityContext.readOnlyRootFilesystem", [list])
	detail := "ReadOnlyRootFilesystem must be set to true"
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
