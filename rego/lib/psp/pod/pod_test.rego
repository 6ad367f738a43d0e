package lib.psp.pod_test

import data.lib.psp.pod

test_containers_and_their_places if {
	spec := {
		"ephemeralContainers": [{"name": "e"}],
		"containers": [{"name": "c"}, {"name": "d"}],
		"initContainers": [{"name": "i"}, {"name": "j"}],
	}
	[container.name | some container in pod.containers] == ["i", "j", "c", "d", "e"] with input as _review(spec)
	pod.paths == [
		"spec.initContainers[0]",
		"spec.initContainers[1]",
		"spec.containers[0]",
		"spec.containers[1]",
		"spec.ephemeralContainers[0]",
	] with input as _review(spec)
	pod.places == [
		"/spec/initContainers/0/securityContext",
		"/spec/initContainers/1/securityContext",
		"/spec/containers/0/securityContext",
		"/spec/containers/1/securityContext",
		"/spec/ephemeralContainers/0/securityContext",
	] with input as _review(spec)
}

test_containers[note] if {
	some note, tc in {
		"none": {"spec": {"containers": []}, "want": []},
		"no list": {"spec": {}, "want": []},
		"nulls": {
			"spec": {"initContainers": null, "containers": [{"name": "c"}], "ephemeralContainers": null},
			"want": [{"name": "c"}],
		},
		"nulls, in native's order": {
			"spec": {
				"containers": [{"name": "c"}],
				"ephemeralContainers": null,
				"initContainers": [{"name": "i"}],
				"volumes": [{"name": "v"}],
			},
			"want": [{"name": "i"}, {"name": "c"}],
		},
		"empty lists": {
			"spec": {"initContainers": [], "containers": [{"name": "c"}], "ephemeralContainers": []},
			"want": [{"name": "c"}],
		},
		"null for the regular ones": {
			"spec": {"initContainers": [{"name": "i"}], "containers": null},
			"want": [{"name": "i"}],
		},
	}

	pod.containers == tc.want with input as _review(tc.spec)
}

test_security_contexts[note] if {
	some note, tc in {
		"absent": {"contexts": [], "pod": {}, "want": {"pod": {}, "containers": [{}]}},
		"null": {"contexts": [null], "pod": {"securityContext": null}, "want": {"pod": {}, "containers": [{}, {}]}},
		"empty": {"contexts": [{}], "pod": {"securityContext": {}}, "want": {"pod": {}, "containers": [{}, {}]}},
		"nulls in the pod's": {
			"contexts": [{"privileged": true}],
			"pod": {"securityContext": {"fsGroup": null, "runAsUser": 0}},
			"want": {"pod": {"runAsUser": 0}, "containers": [{}, {"privileged": true}]},
		},
		"nulls in a container's": {
			"contexts": [{"privileged": null, "runAsUser": 0}, {"privileged": false}, null],
			"pod": {"securityContext": {"runAsUser": 1}},
			"want": {"pod": {"runAsUser": 1}, "containers": [{}, {"runAsUser": 0}, {"privileged": false}, {}]},
		},
		"a null beside fields that no check knows": {
			"contexts": [{"x": null, "y": "z"}],
			"pod": {"securityContext": {"x": "y"}},
			"want": {"pod": {"x": "y"}, "containers": [{}, {"y": "z"}]},
		},
		"nulls further down stay": {
			"contexts": [{"capabilities": {"add": null}}],
			"pod": {"securityContext": {"seccompProfile": {"localhostProfile": null}}},
			"want": {
				"pod": {"seccompProfile": {"localhostProfile": null}},
				"containers": [{}, {"capabilities": {"add": null}}],
			},
		},
	}

	containers := array.concat([{"name": "a"}], [{"name": "b", "securityContext": context} | some context in tc.contexts])
	spec := object.union({"containers": containers}, tc.pod)
	pod.security_context == tc.want.pod with input as _review(spec)
	pod.security_contexts == tc.want.containers with input as _review(spec)
}

test_context_fields[note] if {
	some note, tc in {
		"nothing": {"pod": {"metadata": {}, "spec": {"containers": [{"name": "c"}]}}, "want": set()},
		"no securityContext, but others": {
			"pod": {"metadata": {"annotations": {"a": ""}}, "spec": {"hostPID": true, "containers": []}},
			"want": set(),
		},
		"the pod and every kind of container": {
			"pod": {"metadata": {}, "spec": {
				"securityContext": {"a": 1},
				"initContainers": [{"securityContext": {"b": 1}}],
				"containers": [{"securityContext": {"c": 1}}, {"securityContext": {"c": 2, "d": 1}}],
				"ephemeralContainers": [{"securityContext": {"e": 1}}],
			}},
			"want": {"a", "b", "c", "d", "e"},
		},
		"nulls": {
			"pod": {"metadata": {}, "spec": {
				"securityContext": {"a": null},
				"containers": [{"securityContext": {"b": null, "c": 1}}],
			}},
			"want": {"c"},
		},
		"beside nulls": {
			"pod": {"metadata": {}, "spec": {
				"securityContext": null,
				"containers": [{"securityContext": null}, {"securityContext": {"a": 1}}],
			}},
			"want": {"a"},
		},
	}

	pod.context_fields == tc.want with input.request.object as tc.pod
}

test_well_formed[note] if {
	some note, tc in {
		"nothing": {"spec": {"containers": [{"name": "c"}]}, "want": {true}},
		"every field of a container": {
			"spec": {"initContainers": [{"securityContext": _fields}], "containers": []},
			"want": {true},
		},
		"every field of the pod": {"spec": {"securityContext": _fields, "containers": []}, "want": {true}},
		"null for the pod's securityContext": {"spec": {"securityContext": null, "containers": []}, "want": set()},
		"null for a container's securityContext": {"spec": {"containers": [{"securityContext": null}]}, "want": set()},
		"no object for the pod's securityContext": {"spec": {"securityContext": "x", "containers": []}, "want": set()},
		"no object for a container's": {"spec": {"containers": [{"securityContext": []}]}, "want": set()},
		"a field that no check knows": {"spec": {"containers": [{"securityContext": {"x": 1}}]}, "want": set()},
	}

	{answer | answer := pod.well_formed} == tc.want with input as _review(tc.spec)
}

test_fields_of_another_type_are_not_well_formed[note] if {
	some note, _ in _fields

	not pod.well_formed with input as _review({"securityContext": {note: null}, "containers": []})
	wrong := {"array": {}, "boolean": "true", "number": "1", "object": [], "string": 1}[type_name(_fields[note])]
	not pod.well_formed with input as _review({"securityContext": {note: wrong}, "containers": []})
	not pod.well_formed with input as _review({"containers": [{"securityContext": {note: wrong}}]})
}

# every field that securityContexts may have
_fields := {
	"allowPrivilegeEscalation": true,
	"appArmorProfile": {"type": "Unconfined"},
	"capabilities": {},
	"fsGroup": 1,
	"fsGroupChangePolicy": "Always",
	"privileged": true,
	"procMount": "Default",
	"readOnlyRootFilesystem": true,
	"runAsGroup": 1,
	"runAsNonRoot": true,
	"runAsUser": 1,
	"seLinuxChangePolicy": "Recursive",
	"seLinuxOptions": {},
	"seccompProfile": {},
	"supplementalGroups": [],
	"supplementalGroupsPolicy": "Merge",
	"sysctls": [],
	"windowsOptions": {},
}

test_effective_contexts[note] if {
	some note, tc in {
		"nothing to inherit": {"pod": {"fsGroup": 1}, "container": {"runAsUser": 2}, "want": {"runAsUser": 2}},
		"what the container leaves unset": {
			"pod": {"runAsUser": 0, "runAsGroup": 3, "runAsNonRoot": false, "seLinuxOptions": {}},
			"container": {"privileged": true},
			"want": {"privileged": true, "runAsGroup": 3, "runAsNonRoot": false, "runAsUser": 0},
		},
		"what the container sets itself": {
			"pod": {"runAsUser": 0, "runAsGroup": 3, "runAsNonRoot": true},
			"container": {"runAsUser": 1, "runAsGroup": 0, "runAsNonRoot": false},
			"want": {"runAsGroup": 0, "runAsNonRoot": false, "runAsUser": 1},
		},
		"where the container has null": {
			"pod": {"runAsUser": 5},
			"container": {"runAsUser": null},
			"want": {"runAsUser": 5},
		},
		"where the pod has null": {"pod": {"runAsUser": null}, "container": {}, "want": {}},
	}

	pod.effective_contexts == [tc.want] with input as _review({
		"securityContext": tc.pod,
		"containers": [{"name": "c", "securityContext": tc.container}],
	})
}

test_annotations[note] if {
	some note, tc in {
		"absent": {"metadata": {}, "want": {}},
		"null": {"metadata": {"annotations": null}, "want": {}},
		"some": {"metadata": {"annotations": {"a": "b"}}, "want": {"a": "b"}},
		"no object": {"metadata": {"annotations": ["a"]}, "want": {}},
	}

	pod.annotations == tc.want with input.request.object.metadata as tc.metadata
}

test_spec if {
	pod.spec == {"containers": []} with input as _review({"containers": []})
	not pod.spec with input as {"request": {"object": {"metadata": {}}}}
}

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": spec}},
}
