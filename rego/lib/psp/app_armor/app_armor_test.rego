package lib.psp.app_armor_test

import data.lib.psp.app_armor
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"no annotations": {"profiles": {}, "want": []},
		"listed": {"profiles": {"i": "runtime/default", "c": "localhost/a", "e": "runtime/default"}, "want": []},
		"empty": {"profiles": {"i": "", "c": "", "e": ""}, "want": []},
		"init": {"profiles": {"i": "unconfined"}, "want": [_not_among("i", "unconfined")]},
		"regular": {"profiles": {"c": "unconfined"}, "want": [_not_among("c", "unconfined")]},
		"ephemeral": {"profiles": {"e": "unconfined"}, "want": [_not_among("e", "unconfined")]},
		"all, in the order of the containers": {
			"profiles": {"i": "x", "c": "y", "e": "z"},
			"want": [_not_among("i", "x"), _not_among("c", "y"), _not_among("e", "z")],
		},
		"no wildcards": {"profiles": {"c": "localhost/*"}, "want": [_not_among("c", "localhost/*")]},
		"no prefixes, no trimming": {
			"profiles": {"i": "localhost/ab", "c": " localhost/a"},
			"want": [_not_among("i", "localhost/ab"), _not_among("c", " localhost/a")],
		},
		"a container that does not exist": {"profiles": {"x": "unconfined", "": "unconfined"}, "want": []},
	}

	allowed := {"runtime/default", "localhost/a"}
	got := _told(allowed, _listed) with input as _review(tc.profiles)
	got == tc.want
}

test_default_not_allowed[note] if {
	some note, tc in {
		"no default, unset": {"by_default": "", "profiles": {"c": "x"}, "want": [_must_be_set("i"), _must_be_set("e")]},
		"no default, empty": {
			"by_default": "",
			"profiles": {"i": "", "c": "", "e": "x"},
			"want": [_must_be_set("i"), _must_be_set("c")],
		},
		"no default, set": {"by_default": "", "profiles": {"i": "x", "c": "y", "e": "z"}, "want": []},
		"default, unset": {
			"by_default": "unconfined",
			"profiles": {"i": "x", "e": ""},
			"want": [_not_among("c", "unconfined"), _not_among("e", "unconfined")],
		},
		"default, set": {"by_default": "unconfined", "profiles": {"i": "x", "c": "y", "e": "z"}, "want": []},
	}

	got := text.lines(app_armor.default_not_allowed(tc.by_default, _listed)) with input as _review(tc.profiles)
	got == tc.want
}

test_literal_text if {
	review := _review({"i": "runtime/default", "c": "unconfined"})
	_told({"runtime/default"}, "runtime/default,") == [concat("", [
		"pod.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: ",
		"unconfined is not an allowed profile. Allowed values: \"runtime/default,\"",
	])] with input as review
	text.lines(app_armor.default_not_allowed("", "runtime/default,")) == [concat("", [
		"pod.metadata.annotations[container.apparmor.security.beta.kubernetes.io/e]: Forbidden: ",
		"AppArmor profile must be set",
	])] with input as review
}

test_what_is_left_to_the_policy_is_not_told_as_if_it_were_set if {
	app_armor.not_allowed("", _listed) == set() with input as _review({"i": "", "c": ""})
	app_armor.not_allowed("unconfined", _listed) == set() with input as _review({"i": "x"})
}

test_open[note] if {
	some note, tc in {
		"nothing set": {"profiles": {}, "want": {true}},
		"empty": {"profiles": {"i": "x", "c": "", "e": "y"}, "want": {true}},
		"all set": {"profiles": {"i": "x", "c": "y", "e": "z"}, "want": {false}},
		"a container that does not exist": {"profiles": {"i": "x", "c": "y", "e": "z", "x": ""}, "want": {false}},
	}

	{answer | answer := app_armor.open} == tc.want with input as _review(tc.profiles)
}

test_written[note] if {
	some note, tc in {
		"nothing set": {"profiles": {}, "want": {"/metadata/annotations": {
			"container.apparmor.security.beta.kubernetes.io/i": "runtime/default",
			"container.apparmor.security.beta.kubernetes.io/c": "runtime/default",
			"container.apparmor.security.beta.kubernetes.io/e": "runtime/default",
		}}},
		"empty is overwritten": {"profiles": {"i": "x", "c": "", "e": "y"}, "want": {"/metadata/annotations": {
			"container.apparmor.security.beta.kubernetes.io/c": "runtime/default",
		}}},
		"all set": {"profiles": {"i": "x", "c": "y", "e": "z"}, "want": {}},
	}

	app_armor.written("runtime/default") == tc.want with input as _review(tc.profiles)
		with data.lib.psp.target as {"minor": 24}
}

test_no_annotations[note] if {
	some note, metadata in {"absent": {"name": "p"}, "null": {"name": "p", "annotations": null}}

	pod := {"metadata": metadata, "spec": {"containers": [{"name": "c"}, {}]}}
	_refused({"x"}) == set() with input.request.object as pod
	written := app_armor.written("x") with input.request.object as pod
	[[place, key, value] | some place, values in written; some key, value in values] == [
		["/metadata/annotations", "container.apparmor.security.beta.kubernetes.io/", "x"],
		["/metadata/annotations", "container.apparmor.security.beta.kubernetes.io/c", "x"],
	]
}

test_profiles_of_fields[note] if {
	some note, tc in {
		"no field": {"pod": null, "container": null, "annotations": {"c": "a"}, "want": ["", "a", ""]},
		"the pod's field is everybody's": {
			"pod": {"type": "Unconfined"},
			"container": null,
			"annotations": {},
			"want": ["unconfined", "unconfined", "unconfined"],
		},
		"annotation before the pod's field": {
			"pod": {"type": "Unconfined"},
			"container": null,
			"annotations": {"i": "a", "c": ""},
			"want": ["a", "unconfined", "unconfined"],
		},
		"the container's field first": {
			"pod": {"type": "Unconfined"},
			"container": {"type": "RuntimeDefault"},
			"annotations": {"c": "a"},
			"want": ["unconfined", "runtime/default", "unconfined"],
		},
		"localhost": {
			"pod": {"type": "Localhost", "localhostProfile": "a"},
			"container": {"type": "Localhost"},
			"annotations": {},
			"want": ["localhost/a", "localhost/", "localhost/a"],
		},
		"another type is no allowed profile": {
			"pod": null,
			"container": {"type": "Newer"},
			"annotations": {},
			"want": ["", `appArmorProfile {"type": "Newer"}`, ""],
		},
	}

	data.lib.psp.app_armor._profiles == tc.want with input as _modern(tc.pod, tc.container, tc.annotations)
}

test_not_allowed_by_fields if {
	review := _modern({"type": "Unconfined"}, {"type": "RuntimeDefault"}, {"e": ""})
	want := [_not_among("i", "unconfined"), _not_among("e", "unconfined")]
	_told({"runtime/default"}, _listed) == want with input as review
	app_armor.open == false with input as review
}

test_written_to_fields[note] if {
	some note, tc in {
		"1.29": {
			"minor": 29,
			"default": "unconfined",
			"want": {"/metadata/annotations": {_key("c"): "unconfined", _key("e"): "unconfined"}},
		},
		"1.30": {
			"minor": 30,
			"default": "unconfined",
			"want": {
				"/spec/containers/0/securityContext": {"appArmorProfile": {"type": "Unconfined"}},
				"/metadata/annotations": {_key("e"): "unconfined"},
			},
		},
		"localhost": {
			"minor": 30,
			"default": "localhost/a",
			"want": {
				"/spec/containers/0/securityContext": {"appArmorProfile": {"type": "Localhost", "localhostProfile": "a"}},
				"/metadata/annotations": {_key("e"): "localhost/a"},
			},
		},
		"no field says this": {
			"minor": 30,
			"default": "localhost/",
			"want": {"/metadata/annotations": {_key("c"): "localhost/", _key("e"): "localhost/"}},
		},
	}

	review := _review({"i": "x", "e": ""})
	app_armor.written(tc["default"]) == tc.want with input as review with data.lib.psp.target as {"minor": tc.minor}
}

test_no_fields_for_windows if {
	review := object.union(_review({}), {"request": {"object": {"spec": {"os": {"name": "windows"}}}}})
	want := {"/metadata/annotations": {_key("i"): "unconfined", _key("c"): "unconfined", _key("e"): "unconfined"}}
	app_armor.written("unconfined") == want with input as review with data.lib.psp.target as {"minor": 30}
}

# the same pod with fields for the pod's and the regular container's profile
_modern(of_pod, of_container, annotations) := object.union(_review(annotations), {"request": {"object": {"spec": {
	"securityContext": {"appArmorProfile": of_pod},
	"containers": [{"name": "c", "securityContext": {"appArmorProfile": of_container}}],
}}}})

_key(name) := concat("/", ["container.apparmor.security.beta.kubernetes.io", name])

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := app_armor.used - allowed

_told(allowed, listed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in app_armor.not_allowed(value, listed)}
	count({refused == set(), found == set()}) == 1
}

_listed := "runtime/default,localhost/a"

_not_among(name, profile) := sprintf("%s: Forbidden: %s is not an allowed profile. Allowed values: %q", [
	_path(name),
	profile,
	_listed,
])

_must_be_set(name) := sprintf("%s: Forbidden: AppArmor profile must be set", [_path(name)])

_path(name) := sprintf("pod.metadata.annotations[container.apparmor.security.beta.kubernetes.io/%s]", [name])

# a pod with one container of each kind, and with the annotations that give these profiles to the containers
_review(profiles) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p", "annotations": annotations},
		"spec": {
			"ephemeralContainers": [{"name": "e"}],
			"containers": [{"name": "c"}],
			"initContainers": [{"name": "i"}],
		},
	}},
} if {
	annotations := {key: profile |
		some name, profile in profiles
		key := concat("/", ["container.apparmor.security.beta.kubernetes.io", name])
	}
}
