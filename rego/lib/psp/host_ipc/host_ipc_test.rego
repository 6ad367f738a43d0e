package lib.psp.host_ipc_test

import data.lib.psp.host_ipc
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"unset": {"spec": {}, "want": []},
		"null": {"spec": {"hostIPC": null}, "want": []},
		"false": {"spec": {"hostIPC": false}, "want": []},
		"true": {"spec": {"hostIPC": true}, "want": [_refusal]},
		"no boolean": {"spec": {"hostIPC": "true"}, "want": [_refusal]},
		"where the API has no such field": {"spec": {"securityContext": {"hostIPC": true}}, "want": []},
		"other namespaces": {"spec": {"hostNetwork": true, "hostPID": true, "shareProcessNamespace": true}, "want": []},
	}

	text.lines(host_ipc.not_allowed) == tc.want with input as _review(tc.spec)
}

_refusal := "spec.securityContext.hostIPC: Invalid value: true: Host IPC is not allowed to be used"

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p"},
		"spec": object.union({"containers": [{"name": "c", "image": "app:1"}]}, spec),
	}},
}
