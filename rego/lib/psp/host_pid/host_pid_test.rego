package lib.psp.host_pid_test

import data.lib.psp.host_pid
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"unset": {"spec": {}, "want": []},
		"null": {"spec": {"hostPID": null}, "want": []},
		"false": {"spec": {"hostPID": false}, "want": []},
		"true": {"spec": {"hostPID": true}, "want": [_refusal]},
		"no boolean": {"spec": {"hostPID": "true"}, "want": [_refusal]},
		"where the API has no such field": {"spec": {"securityContext": {"hostPID": true}}, "want": []},
		"other namespaces": {"spec": {"hostNetwork": true, "hostIPC": true, "shareProcessNamespace": true}, "want": []},
	}

	text.lines(host_pid.not_allowed) == tc.want with input as _review(tc.spec)
}

_refusal := "spec.securityContext.hostPID: Invalid value: true: Host PID is not allowed to be used"

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p"},
		"spec": object.union({"containers": [{"name": "c", "image": "app:1"}]}, spec),
	}},
}
