package lib.psp.shape_test

import data.lib.psp.shape

test_sound[note] if {
	some note, patches in {
		"smallest": [],
		"no kind": [_remove("/kind")],
		"no containers": [_replace("/spec/containers", [])],
		"nulls in the metadata": [_add("/metadata/annotations", null), _add("/metadata/labels", null)],
		"nulls in the spec": [
			_add("/spec/securityContext", null),
			_add("/spec/initContainers", null),
			_add("/spec/ephemeralContainers", null),
			_add("/spec/volumes", null),
			_add("/spec/hostPID", null),
			_add("/spec/runtimeClassName", null),
			_add("/spec/serviceAccountName", null),
		],
		"null securityContext of a container": [_add("/spec/containers/0/securityContext", null)],
		"null lists of a container": [_add("/spec/containers/0/ports", null), _add("/spec/containers/0/volumeMounts", null)],
		"nulls in the pod's securityContext": [_add("/spec/securityContext", {field: null | some field, _ in _pod_fields})],
		"nulls in a container's securityContext": [_add(
			"/spec/containers/0/securityContext",
			{field: null | some field, _ in _container_fields},
		)],
		"null lists of capabilities": [_add(
			"/spec/containers/0/securityContext",
			{"capabilities": {"add": null, "drop": null}},
		)],
		"everything": [
			_add("/metadata/annotations", {"a": "b"}),
			_add("/spec/securityContext", _pod_fields),
			_add("/spec/containers/0/securityContext", _container_fields),
			_add("/spec/initContainers", [{"name": "i", "securityContext": _container_fields}]),
			_add("/spec/ephemeralContainers", [{"name": "e", "securityContext": _container_fields}]),
			_add("/spec/volumes", [{"name": "v", "emptyDir": {}}]),
		],
		"fields that came later": [
			_add("/spec/securityContext", {"x": 1, "appArmorProfile": {}, "seLinuxChangePolicy": "Recursive"}),
			_add("/spec/containers/0/securityContext", {"x": [], "appArmorProfile": {"type": "RuntimeDefault"}}),
			_add("/spec/resources", {}),
		],
	}

	shape.sound with input as _review(patches)
	not shape.problem with input as _review(patches)
}

test_problem[note] if {
	some note, tc in {
		"no object": {"request": {}, "want": "the request has no object"},
		"null": {"request": {"object": null}, "want": "the request has no object"},
		"a list": {"request": {"object": []}, "want": "the request has no object"},
		"a text": {"request": {"object": "Pod"}, "want": "the request has no object"},
		"another kind": {
			"request": {"object": {"kind": "PodTemplate", "metadata": {}, "spec": {"containers": []}}},
			"want": "the object is no Pod",
		},
		"null kind": {
			"request": {"object": {"kind": null, "metadata": {}, "spec": {"containers": []}}},
			"want": "the object is no Pod",
		},
		"empty": {"request": {"object": {}}, "want": "the object has no metadata or no spec"},
		"no metadata": {"request": {"object": {"spec": {}}}, "want": "the object has no metadata or no spec"},
		"null metadata": {
			"request": {"object": {"metadata": null, "spec": {}}},
			"want": "the object has no metadata or no spec",
		},
		"metadata that is a list": {
			"request": {"object": {"metadata": [], "spec": {}}},
			"want": "the object has no metadata or no spec",
		},
		"no spec": {"request": {"object": {"metadata": {}}}, "want": "the object has no metadata or no spec"},
		"null spec": {
			"request": {"object": {"metadata": {}, "spec": null}},
			"want": "the object has no metadata or no spec",
		},
		"spec that is a list": {
			"request": {"object": {"metadata": {}, "spec": []}},
			"want": "the object has no metadata or no spec",
		},
	}

	shape.problem == tc.want with input as {"request": tc.request}
	not shape.sound with input as {"request": tc.request}
}

test_wrong_types[note] if {
	some note, tc in {
		"annotations": {"path": "/metadata/annotations", "value": [], "want": "annotations is no object"},
		"securityContext": {"path": "/spec/securityContext", "value": [], "want": "podSecurityContext is no object"},
		"containers": {"path": "/spec/containers", "value": {}, "want": "containers is no array"},
		"initContainers": {"path": "/spec/initContainers", "value": {}, "want": "initContainers is no array"},
		"ephemeralContainers": {
			"path": "/spec/ephemeralContainers",
			"value": "x",
			"want": "ephemeralContainers is no array",
		},
		"volumes": {"path": "/spec/volumes", "value": {"name": "v"}, "want": "volumes is no array"},
		"a container": {
			"path": "/spec/containers/0",
			"value": "c",
			"want": "spec.containers[0] is no object",
		},
		"null for a container": {
			"path": "/spec/containers",
			"value": [{"name": "c"}, null],
			"want": "spec.containers[1] is no object",
		},
		"an init container": {
			"path": "/spec/initContainers",
			"value": [{"name": "i"}, 1],
			"want": "spec.initContainers[1] is no object",
		},
		"an ephemeral container": {
			"path": "/spec/ephemeralContainers",
			"value": [[]],
			"want": "spec.ephemeralContainers[0] is no object",
		},
		"an annotation": {
			"path": "/metadata/annotations",
			"value": {"a": "b", "c": 1},
			"want": "an annotation is no string",
		},
		"null for an annotation": {
			"path": "/metadata/annotations",
			"value": {"a": null},
			"want": "an annotation is no string",
		},
		"hostIPC": {"path": "/spec/hostIPC", "value": "true", "want": "hostIPC is no boolean"},
		"hostNetwork": {"path": "/spec/hostNetwork", "value": 1, "want": "hostNetwork is no boolean"},
		"hostPID": {"path": "/spec/hostPID", "value": [true], "want": "hostPID is no boolean"},
		"a port": {
			"path": "/spec/containers/0/ports",
			"value": [{"hostPort": 80}, 80],
			"want": "an entry of ports, volumeMounts or sysctls is no object",
		},
		"a mount": {
			"path": "/spec/containers/0/volumeMounts",
			"value": [null],
			"want": "an entry of ports, volumeMounts or sysctls is no object",
		},
		"a sysctl": {
			"path": "/spec/securityContext",
			"value": {"sysctls": [{"name": "a"}, "kernel.msgmax"]},
			"want": "an entry of ports, volumeMounts or sysctls is no object",
		},
		"a container's securityContext": {
			"path": "/spec/containers/0/securityContext",
			"value": "x",
			"want": "securityContext is no object",
		},
		"ports": {"path": "/spec/containers/0/ports", "value": {}, "want": "ports is no array"},
		"volumeMounts": {"path": "/spec/containers/0/volumeMounts", "value": {}, "want": "volumeMounts is no array"},
		"add": {
			"path": "/spec/containers/0/securityContext",
			"value": {"capabilities": {"add": "ALL"}},
			"want": "add is no array",
		},
		"drop": {
			"path": "/spec/containers/0/securityContext",
			"value": {"capabilities": {"drop": {}}},
			"want": "drop is no array",
		},
		"several, sorted": {
			"path": "/spec/containers/0/securityContext",
			"value": {"runAsUser": "0", "privileged": "false"},
			"want": "privileged is no boolean, runAsUser is no number",
		},
	}

	patches := [_add("/spec/initContainers", []), _add("/spec/ephemeralContainers", []), _add(tc.path, tc.value)]
	shape.problem == concat("", ["wrong type: ", tc.want]) with input as _review(patches)
	not shape.sound with input as _review(patches)
}

test_wrong_types_in_the_pod_s_security_context[note] if {
	some note, value in _pod_fields

	wrong := _other_type[type_name(value)]
	problem := sprintf("wrong type: %s is no %s", [note, type_name(value)])
	shape.problem == problem with input as _review([_add("/spec/securityContext", {note: wrong})])
}

test_wrong_types_in_a_container_s_security_context[note] if {
	some note, value in _container_fields

	wrong := _other_type[type_name(value)]
	problem := sprintf("wrong type: %s is no %s", [note, type_name(value)])
	container := {"securityContext": {note: wrong}}
	shape.problem == problem with input as _review([_add("/spec/containers/0", container)])
	shape.problem == problem with input as _review([_add("/spec/initContainers", [container])])
	shape.problem == problem with input as _review([_add("/spec/ephemeralContainers", [container])])
}

# a value that is easily taken for one of the type
_other_type := {"array": "x", "boolean": "true", "number": "1", "object": [{}], "string": ["Default"]}

# every field of the pod's securityContext that a check reads
_pod_fields := {
	"fsGroup": 1,
	"runAsGroup": 1,
	"runAsNonRoot": true,
	"runAsUser": 1,
	"seLinuxOptions": {"level": "s0"},
	"seccompProfile": {"type": "RuntimeDefault"},
	"supplementalGroups": [1],
	"sysctls": [{"name": "a", "value": "b"}],
}

# every field of a container's securityContext that a check reads
_container_fields := {
	"allowPrivilegeEscalation": true,
	"capabilities": {"add": ["A"], "drop": ["B"]},
	"privileged": true,
	"procMount": "Default",
	"readOnlyRootFilesystem": true,
	"runAsGroup": 1,
	"runAsNonRoot": true,
	"runAsUser": 1,
	"seLinuxOptions": {"level": "s0"},
	"seccompProfile": {"type": "RuntimeDefault"},
}

_add(path, value) := {"op": "add", "path": path, "value": value}

_replace(path, value) := {"op": "replace", "path": path, "value": value}

_remove(path) := {"op": "remove", "path": path}

# the creation of a pod, with patches to the pod
_review(patches) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": json.patch(
		{
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "p"},
			"spec": {"containers": [{"name": "c", "image": "app:1"}]},
		},
		patches,
	)},
}
