package lib.psp.host_network_test

import data.lib.psp.host_network
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"unset": {"spec": {}, "want": []},
		"null": {"spec": {"hostNetwork": null}, "want": []},
		"false": {"spec": {"hostNetwork": false}, "want": []},
		"true": {"spec": {"hostNetwork": true}, "want": [_refusal]},
		"no boolean": {"spec": {"hostNetwork": "true"}, "want": [_refusal]},
		"where the API has no such field": {"spec": {"securityContext": {"hostNetwork": true}}, "want": []},
		"other namespaces": {"spec": {"hostIPC": true, "hostPID": true, "shareProcessNamespace": true}, "want": []},
	}

	text.lines(host_network.not_allowed) == tc.want with input as _review(tc.spec)
}

_refusal := "spec.securityContext.hostNetwork: Invalid value: true: Host network is not allowed to be used"

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p"},
		"spec": object.union({"containers": [{"name": "c", "image": "app:1"}]}, spec),
	}},
}
