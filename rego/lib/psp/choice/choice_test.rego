package lib.psp.choice_test

import data.lib.psp.choice

test_admit[note] if {
	some note, tc in {
		"no policies": {"policies": {}, "want": set()},
		"the first that changes nothing": {"policies": {"b": _unchanged, "a": _unchanged}, "want": {"a"}},
		"one that changes nothing before one that does": {"policies": {"a": _changed, "c": _unchanged}, "want": {"c"}},
		"the first that changes something": {"policies": {"c": _changed, "b": _changed}, "want": {"b"}},
		"one that refuses": {"policies": {"a": _refused, "b": _changed}, "want": {"b"}},
		"one that may not be used": {"policies": {"a": _changed, "other": _unchanged}, "want": {"a"}},
		"all refuse": {"policies": {"a": _refused, "b": _refused}, "want": set()},
		"one that is skipped": {"policies": {"a": _skipped, "b": _skipped}, "want": set()},
		"granted, but not there": {"policies": {"x": _unchanged}, "want": set()},
		"accepts false": {"policies": {"a": {"provider": true, "accepts": false, "writes": {}}}, "want": set()},
	}

	{name | name := choice.admit} == tc.want with input as _review("jane", {})
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

# from 1.25 on the annotation that every policy wrote is written no longer, and the choice is the same
test_admit_where_every_policy_changed_the_pod[note] if {
	some note, tc in {
		"1.24": {"minor": 24, "annotations": {}, "want": "c"},
		"1.25": {"minor": 25, "annotations": {}, "want": "a"},
		"1.25 with the annotation": {"minor": 25, "annotations": {_seccomp: "runtime/default"}, "want": "c"},
	}

	review := object.union(
		_review("jane", tc.annotations),
		{"request": {"object": {"spec": {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}}}},
	)
	choice.admit == tc.want with input as review
		with data.lib.psp.policies as {"a": _changed, "c": _unchanged}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
		with data.lib.psp.target as {"minor": tc.minor}
}

_seccomp := "seccomp.security.alpha.kubernetes.io/pod"

test_validate[note] if {
	some note, tc in {
		"no policies": {"policies": {}, "hint": "a", "want": set()},
		"the first that changes nothing": {"policies": {"b": _unchanged, "a": _unchanged}, "hint": "", "want": {"a"}},
		"the hint": {"policies": {"b": _unchanged, "a": _unchanged}, "hint": "b", "want": {"b"}},
		"a hint that refuses": {"policies": {"b": _refused, "a": _unchanged}, "hint": "b", "want": {"a"}},
		"a hint that changes something": {"policies": {"b": _changed, "a": _unchanged}, "hint": "b", "want": {"a"}},
		"a hint that may not be used": {"policies": {"other": _unchanged, "a": _unchanged}, "hint": "other", "want": {"a"}},
		"a hint that is not there": {"policies": {"a": _unchanged}, "hint": "gone", "want": {"a"}},
		"one that changes something decides nothing": {"policies": {"a": _changed}, "hint": "a", "want": set()},
		"all refuse": {"policies": {"a": _refused}, "hint": "a", "want": set()},
	}

	{name | name := choice.validate} == tc.want with input as _review("jane", {"kubernetes.io/psp": tc.hint})
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_no_annotations if {
	choice.validate == "a" with input as json.remove(_review("jane", {}), ["/request/object/metadata/annotations"])
		with data.lib.psp.policies as {"a": _unchanged}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_grant_of_every_policy if {
	policies := {"x": _unchanged, "y": _changed, "z": _refused, "w": _skipped}
	choice.authorized == {"x", "y", "z"} with input as _review("root", {})
		with data.lib.psp.policies as policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	choice.admit == "x" with input as _review("root", {})
		with data.lib.psp.policies as policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
	choice.validate == "x" with input as _review("root", {})
		with data.lib.psp.policies as policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_grant_of_every_policy_admits_by_one_that_changes_something if {
	choice.admit == "y" with input as _review("root", {})
		with data.lib.psp.policies as {"y": _changed, "z": _refused}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_authorized[note] if {
	some note, tc in {
		"those that may be used": {"user": "jane", "want": {"a", "b"}},
		"nobody": {"user": "nobody", "want": set()},
	}

	choice.authorized == tc.want with input as _review(tc.user, {})
		with data.lib.psp.policies as {"a": _refused, "b": _changed, "c": _skipped, "other": _unchanged}
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_providers[note] if {
	some note, tc in {
		"no policies": {"policies": {}, "want": set()},
		"skipped ones only": {"policies": {"a": _skipped, "b": _skipped}, "want": set()},
		"one that nobody may use": {"policies": {"a": _skipped, "other": _refused}, "want": {true}},
	}

	{found | found := choice.providers} == tc.want with data.lib.psp.policies as tc.policies
}

_unchanged := {"provider": true, "accepts": true, "writes": {}, "violations": set()}

_changed := {"provider": true, "accepts": true, "writes": {"/spec": {"runtimeClassName": "kata"}}, "violations": set()}

_refused := {"provider": true, "writes": {}, "violations": {[[0, 4], "x", "Forbidden", null, ""]}}

_skipped := {"provider": false, "unusable": "why"}

_grants := {
	"users": {"jane": {"cluster": ["b", "a", "c", "gone"]}, "root": {"namespaces": {"apps": ["*"]}}},
	"groups": {},
}

_review(user, annotations) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"namespace": "apps",
		"userInfo": {"username": user, "groups": ["system:authenticated"]},
		"object": {"metadata": {"name": "p", "annotations": annotations}, "spec": {"containers": [{"name": "c"}]}},
	},
}
