package lib.psp.privileged_test

import data.lib.psp.privileged
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"unset": {"contexts": [{}, {}, {}], "want": []},
		"null": {"contexts": [{}, {"privileged": null}, {}], "want": []},
		"false": {"contexts": [{"privileged": false}, {"privileged": false}, {"privileged": false}], "want": []},
		"init": {"contexts": [{"privileged": true}, {}, {}], "want": [_refusal("initContainers")]},
		"regular": {"contexts": [{}, {"privileged": true}, {}], "want": [_refusal("containers")]},
		"ephemeral": {"contexts": [{}, {}, {"privileged": true}], "want": [_refusal("ephemeralContainers")]},
		"all, one beside a null": {
			"contexts": [{"privileged": true}, {"privileged": true, "runAsUser": null}, {"privileged": true}],
			"want": [_refusal("initContainers"), _refusal("containers"), _refusal("ephemeralContainers")],
		},
		"no boolean": {"contexts": [{}, {"privileged": "false"}, {}], "want": [_refusal("containers")]},
		"neighbours that say nothing of it": {
			"contexts": [{}, {"capabilities": {"add": ["ALL"]}, "allowPrivilegeEscalation": true}, null],
			"want": [],
		},
	}

	text.lines(privileged.not_allowed) == tc.want with input as _review(tc.contexts)
}

test_index_of_the_container if {
	spec := {"containers": [{"name": "a"}, {"name": "b", "securityContext": {"privileged": true}}]}
	want := ["spec.containers[1].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"]
	text.lines(privileged.not_allowed) == want with input.request.object as {"metadata": {"name": "p"}, "spec": spec}
}

test_pod_level_has_no_such_field if {
	spec := {"securityContext": {"privileged": true}, "containers": [{"name": "a"}]}
	text.lines(privileged.not_allowed) == [] with input.request.object as {"metadata": {"name": "p"}, "spec": spec}
}

_refusal(list) := sprintf("spec.%s[0].securityContext.privileged: Invalid value: true: %s", [list, detail]) if {
	detail := "Privileged containers are not allowed"
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
