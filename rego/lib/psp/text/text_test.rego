package lib.psp.text_test

import data.lib.psp.text

test_lines[note] if {
	some note, tc in {
		"none": {"violations": set(), "want": []},
		"string": {
			"violations": {[[0, 8, 0], "spec.volumes[0]", "Invalid value", "nfs", "nfs volumes are not allowed to be used"]},
			"want": ["spec.volumes[0]: Invalid value: \"nfs\": nfs volumes are not allowed to be used"],
		},
		"quotes as Go does": {
			"violations": {[[0, 9], "p", "Invalid value", "a\"b\\\n\té", "d"]},
			"want": ["p: Invalid value: \"a\\\"b\\\\\\n\\té\": d"],
		},
		"boolean": {"violations": {[[0, 5], "p", "Invalid value", true, "d"]}, "want": ["p: Invalid value: true: d"]},
		"number": {"violations": {[[0, 5], "p", "Invalid value", 65536, "d"]}, "want": ["p: Invalid value: 65536: d"]},
		"large number": {
			"violations": {[[0, 5], "p", "Invalid value", 9223372036854775807, "d"]},
			"want": ["p: Invalid value: 9223372036854775807: d"],
		},
		"ids": {"violations": {[[0, 1], "p", "Invalid value", [1, 8], "d"]}, "want": ["p: Invalid value: []int64{1, 8}: d"]},
		"no ids": {"violations": {[[0, 1], "p", "Invalid value", [], "d"]}, "want": ["p: Invalid value: []int64{}: d"]},
		"kind without value": {"violations": {[[0, 7], "p", "Forbidden", null, "d"]}, "want": ["p: Forbidden: d"]},
		"no detail": {"violations": {[[0, 9], "p", "Invalid value", "gv", ""]}, "want": ["p: Invalid value: \"gv\""]},
		"path of a container": {
			"violations": {[[3, 5], ".x", "Forbidden", null, "d"], [[1, 5], ".x", "Forbidden", null, "d"]},
			"want": ["spec.initContainers[0].x: Forbidden: d", "spec.containers[1].x: Forbidden: d"],
		},
		"path of a container that needs no container": {
			"violations": {[[2, 5], "pod.x", "Forbidden", null, "d"]},
			"want": ["pod.x: Forbidden: d"],
		},
		"a violation of another shape": {
			"violations": {"no", [[0, 3], "p", "Forbidden", null, "d"], {"a": 1}, [1, 2]},
			"want": [
				"refused for a reason that cannot be shown",
				"refused for a reason that cannot be shown",
				"p: Forbidden: d",
				"refused for a reason that cannot be shown",
			],
		},
		"a container that is not there": {
			"violations": {[[9, 5], ".x", "Forbidden", null, "d"]},
			"want": [".x: Forbidden: d"],
		},
	}

	text.lines(tc.violations) == tc.want with input.request.object as _pod
}

test_order_is_native_s if {
	violations := {_violation(order) | some order in _shuffled}
	text.lines(violations) == [
		"[0,0]: Forbidden",
		"[0,1,0]: Forbidden",
		"[0,1,1]: Forbidden",
		"[0,1,10]: Forbidden",
		"[0,2]: Forbidden",
		"[0,8,0]: Forbidden",
		"[0,8,0,1,0]: Forbidden",
		"[0,8,1]: Forbidden",
		"[0,9]: Forbidden",
		"[1,0]: Forbidden",
		"[1,10]: Forbidden",
		"[2,0]: Forbidden",
		"[2,7,0]: Forbidden",
		"[2,7,\"A\"]: Forbidden",
		"[10,0]: Forbidden",
	]
}

_violation(order) := [order, json.marshal(order), "Forbidden", null, ""]

_shuffled := [
	[10, 0],
	[0, 9],
	[2, 7, "A"],
	[0, 1, 10],
	[1, 10],
	[0, 8, 1],
	[0, 1, 1],
	[2, 0],
	[0, 2],
	[0, 8, 0, 1, 0],
	[1, 0],
	[2, 7, 0],
	[0, 0],
	[0, 8, 0],
	[0, 1, 0],
]

_pod := {"metadata": {"name": "p"}, "spec": {
	"containers": [{"name": "a"}, {"name": "b"}],
	"initContainers": [{"name": "i"}],
}}
