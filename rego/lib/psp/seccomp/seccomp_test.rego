package lib.psp.seccomp_test

import data.lib.psp.seccomp
import data.lib.psp.text

# whatever is set is told by a policy without allowedProfileNames
test_profiles_that_are_set[note] if {
	some note, tc in _cases

	want := [sprintf("%s: Forbidden: seccomp may not be set", [_path(name)]) | some name in _order; tc.want[name]]
	_told({""}, null) == want with input.request.object as tc.object
}

# its value by one that allows something else
test_values_of_profiles_that_are_set[note] if {
	some note, tc in _cases

	want := [line |
		some name in _order
		profile := tc.want[name]
		line := sprintf("%s: Forbidden: %s is not an allowed seccomp profile. Valid values are x,", [_path(name), profile])
	]
	_told({"x", ""}, "x,") == want with input.request.object as tc.object
}

test_not_allowed[note] if {
	some note, tc in {
		"listed": {"allowed": {"runtime/default"}, "object": _pod(_runtime, null, {}), "want": []},
		"an element with a star is no pattern": {
			"allowed": {"localhost/*"},
			"object": _pod(null, {"type": "Localhost", "localhostProfile": "a.json"}, {}),
			"want": [_refusal("c", "localhost/a.json", "localhost/*")],
		},
		"a profile that is set to nothing": {
			"allowed": {"runtime/default"},
			"object": _pod(_runtime, null, {_key("c"): ""}),
			"want": [_refusal("c", "", "runtime/default")],
		},
		"an empty element allows nothing but unset": {
			"allowed": {""},
			"object": _pod(null, _runtime, {_key("i"): ""}),
			"want": [_refusal("c", "runtime/default", "")],
		},
		"every place": {
			"allowed": {"x"},
			"object": _pod({"type": "Unconfined"}, _runtime, {_pod_key: "p", _key("i"): "q"}),
			"want": [
				_refusal("pod", "p", "x"),
				_refusal("i", "q", "x"),
				_refusal("c", "runtime/default", "x"),
				_refusal("e", "unconfined", "x"),
			],
		},
	}

	listed := concat(",", tc.allowed)
	_told(tc.allowed, listed) == tc.want with input.request.object as tc.object
}

test_names_of_fields[note] if {
	some note, tc in {
		"Unconfined": {"profile": {"type": "Unconfined"}, "want": "unconfined"},
		"RuntimeDefault": {"profile": {"type": "RuntimeDefault"}, "want": "runtime/default"},
		"Localhost": {"profile": {"type": "Localhost", "localhostProfile": "a/b.json"}, "want": "localhost/a/b.json"},
		"Localhost with an empty name": {"profile": {"type": "Localhost", "localhostProfile": ""}, "want": "localhost/"},
		"Localhost without name": {"profile": {"type": "Localhost"}, "want": ""},
		"Localhost with null": {"profile": {"type": "Localhost", "localhostProfile": null}, "want": ""},
		"unknown type": {"profile": {"type": "runtime/default"}, "want": ""},
		"no type": {"profile": {}, "want": ""},
	}

	got := _told(set(), "x") with input.request.object as _pod(tc.profile, null, {})
	got == [_refusal(name, tc.want, "x") | some name in _order]
}

test_default_not_allowed[note] if {
	some note, tc in {
		"nothing set": {"object": _pod(null, null, {}), "want": ["pod", "i", "c", "e"]},
		"empty pod annotation": {"object": _pod(null, null, {_pod_key: ""}), "want": ["pod", "i", "c", "e"]},
		"a container's field": {"object": _pod(null, _runtime, {}), "want": ["pod", "i", "e"]},
		"a container's annotation, even empty": {
			"object": _pod(null, null, {_key("i"): "x", _key("e"): ""}),
			"want": ["pod", "c"],
		},
		"pod field": {"object": _pod(_runtime, null, {}), "want": []},
		"pod field without profile": {"object": _pod({"type": "Unknown"}, null, {}), "want": []},
		"pod annotation": {"object": _pod(null, null, {_pod_key: "x"}), "want": []},
	}

	{true | seccomp.open} == {true | tc.want != []} with input.request.object as tc.object

	listed := [_refusal(name, "d", "a,b") | some name in tc.want]
	text.lines(seccomp.default_not_allowed("d", "a,b")) == listed with input.request.object as tc.object

	without_default := [_refusal(name, "", "a,b") | some name in tc.want]
	text.lines(seccomp.default_not_allowed("", "a,b")) == without_default with input.request.object as tc.object

	without_list := [sprintf("%s: Forbidden: seccomp may not be set", [_path(name)]) | some name in tc.want]
	text.lines(seccomp.default_not_allowed("d", null)) == without_list with input.request.object as tc.object
}

test_literal_text if {
	text.lines(seccomp.default_not_allowed("", "runtime/default")) == [
		concat("", [
			"pod.metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: Forbidden: ",
			" is not an allowed seccomp profile. Valid values are runtime/default",
		]),
		concat("", [
			"pod.metadata.annotations[container.seccomp.security.alpha.kubernetes.io/a]: Forbidden: ",
			" is not an allowed seccomp profile. Valid values are runtime/default",
		]),
		concat("", [
			"pod.metadata.annotations[container.seccomp.security.alpha.kubernetes.io/]: Forbidden: ",
			" is not an allowed seccomp profile. Valid values are runtime/default",
		]),
	] with input.request.object as {"metadata": {}, "spec": {"containers": [{"name": "a"}, {}]}}
}

test_writes[note] if {
	some note, tc in {
		"nothing set": {"object": _pod(null, null, {}), "derived": {}, "written": _write("d")},
		"empty pod annotation": {"object": _pod(null, null, {_pod_key: ""}), "derived": {}, "written": _write("d")},
		"a container's field and annotation": {
			"object": _pod(null, _runtime, {_key("i"): "x"}),
			"derived": {},
			"written": _write("d"),
		},
		"pod field": {
			"object": _pod(_runtime, null, {}),
			"derived": _write("runtime/default"),
			"written": _write("runtime/default"),
		},
		"pod field beside an empty annotation": {
			"object": _pod(_runtime, null, {_pod_key: ""}),
			"derived": _write("runtime/default"),
			"written": _write("runtime/default"),
		},
		"pod field without profile": {"object": _pod({"type": "Localhost"}, null, {}), "derived": {}, "written": {}},
		"pod annotation": {"object": _pod(null, null, {_pod_key: "x"}), "derived": {}, "written": {}},
		"pod annotation beside pod field": {"object": _pod(_runtime, null, {_pod_key: "x"}), "derived": {}, "written": {}},
	}

	seccomp.derived == tc.derived with input.request.object as tc.object with data.lib.psp.target as {"minor": 24}
	seccomp.written("d") == tc.written with input.request.object as tc.object with data.lib.psp.target as {"minor": 24}
}

test_no_annotations[note] if {
	some note, metadata in {"absent": {"name": "p"}, "null": {"name": "p", "annotations": null}}

	pod := {
		"metadata": metadata,
		"spec": {"securityContext": null, "containers": [{"name": "c", "securityContext": null}]},
	}
	_refused({""}) == set() with input.request.object as pod
	seccomp.derived == {} with input.request.object as pod
	seccomp.written("d") == _write("d") with input.request.object as pod
}

_cases := {
	"nothing": {"object": _pod(null, null, {}), "want": {}},
	"other annotations": {"object": _pod(null, null, {"a": "b"}), "want": {}},
	"pod field": {
		"object": _pod(_runtime, null, {}),
		"want": {"pod": "runtime/default", "i": "runtime/default", "c": "runtime/default", "e": "runtime/default"},
	},
	"pod annotation": {
		"object": _pod(null, null, {_pod_key: "unconfined"}),
		"want": {"pod": "unconfined", "i": "unconfined", "c": "unconfined", "e": "unconfined"},
	},
	"pod annotation beside pod field: each level reads another one": {
		"object": _pod(_runtime, null, {_pod_key: "unconfined"}),
		"want": {"pod": "unconfined", "i": "runtime/default", "c": "runtime/default", "e": "runtime/default"},
	},
	"empty pod annotation beside pod field": {
		"object": _pod(_runtime, null, {_pod_key: ""}),
		"want": {"pod": "runtime/default", "i": "runtime/default", "c": "runtime/default", "e": "runtime/default"},
	},
	"empty pod annotation alone": {"object": _pod(null, null, {_pod_key: ""}), "want": {}},
	"container field": {"object": _pod(null, _runtime, {}), "want": {"c": "runtime/default"}},
	"container annotation": {"object": _pod(null, null, {_key("c"): "unconfined"}), "want": {"c": "unconfined"}},
	"container field beside container annotation": {
		"object": _pod(null, _runtime, {_key("c"): "unconfined"}),
		"want": {"c": "runtime/default"},
	},
	"container annotation beside pod field": {
		"object": _pod(_runtime, null, {_key("c"): "unconfined"}),
		"want": {"pod": "runtime/default", "i": "runtime/default", "c": "unconfined", "e": "runtime/default"},
	},
	"empty container annotation hides the pod's profile": {
		"object": _pod(_runtime, null, {_key("c"): ""}),
		"want": {"pod": "runtime/default", "i": "runtime/default", "e": "runtime/default"},
	},
	"empty container annotation hides the pod's annotation": {
		"object": _pod(null, null, {_key("i"): "", _pod_key: "unconfined"}),
		"want": {"pod": "unconfined", "c": "unconfined", "e": "unconfined"},
	},
	"annotations of init and ephemeral containers": {
		"object": _pod(null, null, {_key("i"): "a", _key("e"): "b"}),
		"want": {"i": "a", "e": "b"},
	},
	"annotation of a container that does not exist": {"object": _pod(null, null, {_key("x"): "unconfined"}), "want": {}},
	"field without profile": {"object": _pod({"type": "Unknown"}, null, {}), "want": {}},
	"container field without profile hides the pod's": {
		"object": _pod(_runtime, {"type": "Localhost"}, {}),
		"want": {"pod": "runtime/default", "i": "runtime/default", "e": "runtime/default"},
	},
}

_pod_key := "seccomp.security.alpha.kubernetes.io/pod"

_key(name) := concat("/", ["container.seccomp.security.alpha.kubernetes.io", name])

# from 1.25 on
test_written_to_fields[note] if {
	some note, tc in {
		"docker/default": {"default": "docker/default", "annotations": {}, "want": _written({"type": "RuntimeDefault"}, {})},
		"unconfined": {"default": "unconfined", "annotations": {}, "want": _written({"type": "Unconfined"}, {})},
		"localhost": {
			"default": "localhost/a",
			"annotations": {_key("c"): "x"},
			"want": _written({"type": "Localhost", "localhostProfile": "a"}, {}),
		},
		"an annotation that is there follows": {
			"default": "runtime/default",
			"annotations": {_pod_key: ""},
			"want": _written(_runtime, {_pod_key: "runtime/default"}),
		},
		"no field says this": {"default": "localhost/", "annotations": {}, "want": _write("localhost/")},
		"nor this": {"default": "x", "annotations": {}, "want": _write("x")},
		"nothing to write": {"default": "unconfined", "annotations": {_pod_key: "x"}, "want": {}},
	}

	seccomp.written(tc["default"]) == tc.want with input.request.object as _pod(null, null, tc.annotations)
		with data.lib.psp.target as {"minor": 25}
}

test_nothing_is_derived_from_1_25_on if {
	pod := _pod(_runtime, null, {})
	seccomp.derived == _write("runtime/default") with input.request.object as pod with data.lib.psp.target as {"minor": 24}
	seccomp.derived == {} with input.request.object as pod with data.lib.psp.target as {"minor": 25}
	seccomp.derived == _write("runtime/default") with input.request.object as _pod(_runtime, null, {_pod_key: ""})
		with data.lib.psp.target as {"minor": 25}
	seccomp.derivable == "runtime/default" with input.request.object as pod with data.lib.psp.target as {"minor": 25}
}

_written(profile, annotations) := object.union(
	{"/spec/securityContext": {"seccompProfile": profile}},
	{"/metadata/annotations": annotations | annotations != {}},
)

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := seccomp.used - allowed

_told(allowed, listed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in seccomp.not_allowed(value, listed)}
	count({refused == set(), found == set()}) == 1
}

# native's order
_order := ["pod", "i", "c", "e"]

_path("pod") := sprintf("pod.metadata.annotations[%s]", [_pod_key])

_path(name) := sprintf("pod.metadata.annotations[%s]", [_key(name)]) if name != "pod"

_refusal(name, profile, listed) := sprintf(
	"%s: Forbidden: %s is not an allowed seccomp profile. Valid values are %s",
	[_path(name), profile, listed],
)

_write(profile) := {"/metadata/annotations": {_pod_key: profile}}

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
