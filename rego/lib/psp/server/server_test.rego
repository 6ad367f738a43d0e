package lib.psp.server_test

import data.lib.psp.server

test_fields_by_version[note] if {
	some note, tc in {
		"unset": {"target": {}, "seccomp": false, "app_armor": false},
		"1.24": {"target": {"minor": 24}, "seccomp": false, "app_armor": false},
		"1.25": {"target": {"minor": 25}, "seccomp": true, "app_armor": false},
		"1.29": {"target": {"minor": 29}, "seccomp": true, "app_armor": false},
		"1.30": {"target": {"minor": 30}, "seccomp": true, "app_armor": true},
		"1.37": {"target": {"minor": 37}, "seccomp": true, "app_armor": true},
	}

	seccomp := {true | server.seccomp_by_field} with data.lib.psp.target as tc.target
	seccomp == {true | tc.seccomp}
	app_armor := {true | server.app_armor_by_field} with data.lib.psp.target as tc.target
	app_armor == {true | tc.app_armor}
}

test_unchanged if {
	derivable := _pod({"seccompProfile": {"type": "Unconfined"}}, {}, {})
	server.unchanged == {} with input.request.object as derivable with data.lib.psp.target as {"minor": 24}
	server.unchanged == null with input.request.object as derivable with data.lib.psp.target as {"minor": 25}
	server.unchanged == {} with input.request.object as _pod({}, {}, {}) with data.lib.psp.target as {"minor": 25}
}

test_completion[note] if {
	some note, tc in {
		"1.24 does it itself": {
			"minor": 24,
			"context": {"procMount": "Unmasked"},
			"annotations": {_key: "unconfined"},
			"want": {},
		},
		"nothing to do": {"minor": 25, "context": {"procMount": "Default"}, "annotations": {}, "want": {}},
		"procMount": {
			"minor": 25,
			"context": {"procMount": "Unmasked"},
			"annotations": {},
			"want": {_place: {"procMount": "Default"}},
		},
		"both": {
			"minor": 25,
			"context": {"procMount": "Unmasked"},
			"annotations": {_key: "unconfined"},
			"want": {_place: {"procMount": "Default", "seccompProfile": {"type": "Unconfined"}}},
		},
	}

	server.completion == tc.want with input.request.object as _pod({}, tc.context, tc.annotations)
		with data.lib.psp.target as {"minor": tc.minor}
}

_key := "container.seccomp.security.alpha.kubernetes.io/c"

_place := "/spec/containers/0/securityContext"

_pod(of_pod, of_container, annotations) := {
	"metadata": {"name": "p", "annotations": annotations},
	"spec": {"securityContext": of_pod, "containers": [{"name": "c", "securityContext": of_container}]},
}
