package lib.psp.touched_test

import data.lib.psp.touched

test_fields[note] if {
	some note, tc in {
		"nothing": {"metadata": {}, "spec": {}, "want": set()},
		"securityContexts": {
			"metadata": {},
			"spec": {
				"securityContext": {"fsGroup": 1},
				"containers": [{"name": "c", "securityContext": {"privileged": false}}],
			},
			"want": {"fsGroup", "privileged"},
		},
		"volumes": {
			"metadata": {},
			"spec": {"volumes": [
				{"name": "a", "hostPath": {"path": "/"}},
				{"name": "b", "csi": {}},
				{"name": "c", "emptyDir": {}},
			]},
			"want": {"csi", "emptyDir", "hostPath"},
		},
		"fields of the spec": {
			"metadata": {},
			"spec": {"hostIPC": true, "hostNetwork": true, "hostPID": false, "runtimeClassName": "kata", "hostUsers": true},
			"want": {"hostIPC", "hostNetwork", "hostPID", "runtimeClassName"},
		},
		"a host port": {
			"metadata": {},
			"spec": {"initContainers": [{"name": "i", "ports": [{"containerPort": 1}, {"containerPort": 2, "hostPort": 1}]}]},
			"want": {"hostPort"},
		},
		"no host port": {
			"metadata": {},
			"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 1}, {"containerPort": 2, "hostPort": 0}]}]},
			"want": set(),
		},
		"annotations of no kind that matters": {
			"metadata": {"annotations": {"kubernetes.io/psp": "x", "a/container.seccomp.security.alpha.kubernetes.io/c": "y"}},
			"spec": {},
			"want": set(),
		},
		"the pod's seccomp annotation": {
			"metadata": {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": ""}},
			"spec": {},
			"want": {"seccomp"},
		},
		"a container's seccomp annotation": {
			"metadata": {"annotations": {"container.seccomp.security.alpha.kubernetes.io/c": "x", "a": "b"}},
			"spec": {},
			"want": {"seccomp"},
		},
		"AppArmor annotations": {
			"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "x"}},
			"spec": {},
			"want": {"app_armor"},
		},
	}

	touched.fields == tc.want with input as {"request": {"object": {
		"metadata": tc.metadata,
		"spec": object.union({"containers": []}, tc.spec),
	}}}
}
