package lib.psp.seccomp_fields_test

import data.lib.psp.seccomp_fields

test_synced[note] if {
	some note, tc in {
		"nothing": {"pod": null, "container": null, "annotations": {}, "want": {}},
		"the pod's annotation": {
			"pod": null,
			"container": null,
			"annotations": {_pod_key: "docker/default"},
			"want": {"/spec/securityContext": {"seccompProfile": _runtime}},
		},
		"fields stay": {
			"pod": _runtime, "container": _runtime, "annotations": {_pod_key: "unconfined", _key("c"): "unconfined"},
			"want": {},
		},
		"an empty annotation beside a field": {
			"pod": _runtime,
			"container": null,
			"annotations": {_pod_key: ""},
			"want": {},
		},
		"containers' annotations": {
			"pod": null,
			"container": _runtime,
			"annotations": {
				_key("i"): "localhost/a",
				_key("c"): "unconfined",
				_key("e"): "unconfined",
				_key("x"): "unconfined",
			},
			"want": {
				"/spec/initContainers/0/securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "a"}},
				"/spec/ephemeralContainers/0/securityContext": {"seccompProfile": {"type": "Unconfined"}},
			},
		},
		"no field says this": {
			"pod": null,
			"container": null,
			"annotations": {_pod_key: "x", _key("i"): "", _key("e"): "localhost/"},
			"want": {},
		},
	}

	seccomp_fields.synced == tc.want with input.request.object as _pod(tc.pod, tc.container, tc.annotations)
		with data.lib.psp.target as {"minor": 25}
}

_pod_key := "seccomp.security.alpha.kubernetes.io/pod"

_key(name) := concat("/", ["container.seccomp.security.alpha.kubernetes.io", name])

_runtime := {"type": "RuntimeDefault"}

# a pod with this profile in its securityContext, with one container of each kind, the regular one with this profile
_pod(of_pod, of_container, annotations) := {
	"metadata": {"name": "p", "annotations": annotations},
	"spec": {
		"securityContext": {"seccompProfile": of_pod},
		"initContainers": [{"name": "i"}],
		"containers": [{"name": "c", "securityContext": {"seccompProfile": of_container}}],
		"ephemeralContainers": [{"name": "e", "securityContext": {"seccompProfile": null, "privileged": false}}],
	},
}
