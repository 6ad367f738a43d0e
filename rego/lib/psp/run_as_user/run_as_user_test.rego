package lib.psp.run_as_user_test

import data.lib.psp.ranges
import data.lib.psp.run_as_user
import data.lib.psp.text

test_said[note] if {
	some note, tc in {
		"nothing": {"pod": {}, "contexts": [{}, null, {}], "want": set()},
		"by containers": {
			"pod": {},
			"contexts": [{"runAsUser": 0}, {"runAsNonRoot": false}, {"runAsUser": 7, "runAsNonRoot": true}],
			"want": {["runAsNonRoot", false], ["runAsNonRoot", true], ["runAsUser", 0], ["runAsUser", 7]},
		},
		"by the pod, for containers that do not say otherwise": {
			"pod": {"runAsUser": 0, "runAsNonRoot": false},
			"contexts": [{"runAsUser": 1}, {"runAsUser": 1}, {"runAsUser": 2, "runAsNonRoot": true}],
			"want": {["runAsNonRoot", false], ["runAsNonRoot", true], ["runAsUser", 1], ["runAsUser", 2]},
		},
	}

	run_as_user.said == tc.want with input as _review(tc.pod, tc.contexts)
}

test_must_run_as[note] if {
	some note, tc in {
		"unset": {"ranges": [], "pod": null, "contexts": [{}, {}, null], "want": []},
		"nulls": {"ranges": [], "pod": {"runAsUser": null}, "contexts": [{"runAsUser": null}, null, {}], "want": []},
		"no ranges": {
			"ranges": [],
			"pod": {},
			"contexts": [{}, {"runAsUser": 0}, {}],
			"want": ["spec.containers[0].securityContext.runAsUser: Invalid value: 0: must be in the ranges: []"],
		},
		"min - 1, max + 1": {
			"ranges": [_range(5, 6), _range(8, 8)],
			"pod": {},
			"contexts": [{"runAsUser": 4}, {"runAsUser": 7}, {"runAsUser": 9}],
			"want": [
				"spec.initContainers[0].securityContext.runAsUser: Invalid value: 4: must be in the ranges: [{5 6} {8 8}]",
				"spec.containers[0].securityContext.runAsUser: Invalid value: 7: must be in the ranges: [{5 6} {8 8}]",
				"spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 9: must be in the ranges: [{5 6} {8 8}]",
			],
		},
		"min, max": {
			"ranges": [_range(5, 6), _range(8, 8)],
			"pod": {},
			"contexts": [{"runAsUser": 5}, {"runAsUser": 6}, {"runAsUser": 8}],
			"want": [],
		},
		"min above max": {
			"ranges": [_range(6, 5)],
			"pod": {},
			"contexts": [{}, {"runAsUser": 5}, {}],
			"want": ["spec.containers[0].securityContext.runAsUser: Invalid value: 5: must be in the ranges: [{6 5}]"],
		},
		"root in a range": {"ranges": [_range(0, 0)], "pod": {"runAsUser": 0}, "contexts": [{}, {}, {}], "want": []},
		"a bad pod level is inherited": {
			"ranges": [_range(5, 6)],
			"pod": {"runAsUser": 0},
			"contexts": [{"runAsUser": 5}, {}, null],
			"want": [
				"spec.containers[0].securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{5 6}]",
				"spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{5 6}]",
			],
		},
		"a bad pod level that every container overrides": {
			"ranges": [_range(5, 6)],
			"pod": {"runAsUser": 0},
			"contexts": [{"runAsUser": 5}, {"runAsUser": 6}, {"runAsUser": 5}],
			"want": [],
		},
		"runAsNonRoot is irrelevant": {
			"ranges": [_range(0, 6)],
			"pod": {"runAsNonRoot": true},
			"contexts": [{"runAsUser": 0}, {"runAsNonRoot": false, "runAsUser": 6}, {"runAsNonRoot": true}],
			"want": [],
		},
	}

	_told(tc.ranges) == tc.want with input as _review(tc.pod, tc.contexts)
}

test_default_outside[note] if {
	some note, tc in {
		"unset": {
			"pod": null,
			"contexts": [{}, {"runAsUser": 9}, null],
			"want": [
				"spec.initContainers[0].securityContext.runAsUser: Invalid value: 7: must be in the ranges: [{7 5}]",
				"spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 7: must be in the ranges: [{7 5}]",
			],
		},
		"null": {
			"pod": {},
			"contexts": [{"runAsUser": 9}, {"runAsUser": null}, {"runAsUser": 0}],
			"want": ["spec.containers[0].securityContext.runAsUser: Invalid value: 7: must be in the ranges: [{7 5}]"],
		},
		"set for the pod": {"pod": {"runAsUser": 0}, "contexts": [{}, {}, {}], "want": []},
		"set for all": {"pod": {}, "contexts": [{"runAsUser": 1}, {"runAsUser": 0}, {"runAsUser": 2}], "want": []},
	}

	review := _review(tc.pod, tc.contexts)
	text.lines(run_as_user.default_outside(7, [_range(7, 5)])) == tc.want with input as review
}

test_must_run_as_non_root[note] if {
	some note, tc in {
		"unset": {"pod": null, "contexts": [{}, {}, null], "want": []},
		"nulls": {
			"pod": {"runAsUser": null, "runAsNonRoot": null},
			"contexts": [{"runAsUser": null}, {"runAsNonRoot": null}, {}],
			"want": [],
		},
		"other users": {"pod": {"runAsUser": 1}, "contexts": [{}, {"runAsUser": 2}, {"runAsUser": 65534}], "want": []},
		"runAsNonRoot true": {"pod": {}, "contexts": [{"runAsNonRoot": true}, {}, {"runAsNonRoot": true}], "want": []},
		"root": {
			"pod": {},
			"contexts": [{"runAsUser": 0}, {"runAsUser": 0}, {"runAsUser": 0}],
			"want": [_root("initContainers"), _root("containers"), _root("ephemeralContainers")],
		},
		"root of the pod": {"pod": {"runAsUser": 0}, "contexts": [{"runAsUser": 1}, {}, null], "want": [
			_root("containers"),
			_root("ephemeralContainers"),
		]},
		"root of the pod that every container overrides": {
			"pod": {"runAsUser": 0},
			"contexts": [{"runAsUser": 1}, {"runAsUser": 1}, {"runAsUser": 1}],
			"want": [],
		},
		"runAsNonRoot true does not mend root": {
			"pod": {"runAsNonRoot": true},
			"contexts": [{}, {"runAsUser": 0}, {"runAsUser": 0, "runAsNonRoot": true}],
			"want": [_root("containers"), _root("ephemeralContainers")],
		},
		"runAsNonRoot false, even for another user": {
			"pod": {},
			"contexts": [
				{"runAsNonRoot": false, "runAsUser": 7},
				{"runAsNonRoot": false},
				{"runAsNonRoot": false, "runAsUser": 0},
			],
			"want": [_marked("initContainers"), _marked("containers"), _marked("ephemeralContainers")],
		},
		"runAsNonRoot false of the pod": {
			"pod": {"runAsNonRoot": false, "runAsUser": 7},
			"contexts": [{}, {"runAsNonRoot": true}, {"runAsUser": 0}],
			"want": [_marked("initContainers"), _marked("ephemeralContainers")],
		},
		"a container's true overrides the pod's false": {
			"pod": {"runAsNonRoot": false},
			"contexts": [{"runAsNonRoot": true}, {"runAsNonRoot": true}, {"runAsNonRoot": true}],
			"want": [],
		},
	}

	text.lines(run_as_user.must_run_as_non_root) == tc.want with input as _review(tc.pod, tc.contexts)
}

test_literal_text_of_must_run_as_non_root if {
	want := [
		"spec.containers[0].securityContext.runAsNonRoot: Invalid value: false: must be true",
		"spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden",
	]
	review := _review({}, [{}, {"runAsNonRoot": false}, {"runAsUser": 0}])
	text.lines(run_as_user.must_run_as_non_root) == want with input as review
}

test_unset[note] if {
	some note, tc in {
		"unset": {"pod": null, "contexts": [{}, null, {"runAsGroup": 1}], "want": {_init, _regular, _ephemeral}},
		"null": {
			"pod": {"runAsUser": null},
			"contexts": [{"runAsUser": 1}, {"runAsUser": null}, {"runAsUser": 0}],
			"want": {_regular},
		},
		"runAsNonRoot does not say who": {
			"pod": {"runAsNonRoot": true},
			"contexts": [{"runAsUser": 1}, {"runAsUser": 1}, {"runAsNonRoot": true}],
			"want": {_ephemeral},
		},
		"set for the pod": {"pod": {"runAsUser": 0}, "contexts": [{}, {}, {}], "want": set()},
	}

	run_as_user.unset == tc.want with input as _review(tc.pod, tc.contexts)
}

test_undecided[note] if {
	some note, tc in {
		"unset": {"pod": null, "contexts": [{}, null, {"runAsGroup": 1}], "want": {_init, _regular, _ephemeral}},
		"nulls": {
			"pod": {"runAsUser": null, "runAsNonRoot": null},
			"contexts": [{"runAsUser": null}, {"runAsNonRoot": null}, {"runAsUser": 0}],
			"want": {_init, _regular},
		},
		"a container's user or runAsNonRoot": {
			"pod": {},
			"contexts": [{"runAsUser": 0}, {"runAsNonRoot": false}, {"runAsNonRoot": true}],
			"want": set(),
		},
		"the pod's user": {"pod": {"runAsUser": 7}, "contexts": [{}, {}, {}], "want": set()},
		"the pod's runAsNonRoot": {"pod": {"runAsNonRoot": false}, "contexts": [{}, {}, {}], "want": set()},
	}

	run_as_user.undecided == tc.want with input as _review(tc.pod, tc.contexts)
}

_init := "/spec/initContainers/0/securityContext"

_regular := "/spec/containers/0/securityContext"

_ephemeral := "/spec/ephemeralContainers/0/securityContext"

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := {value | some value in run_as_user.used; not ranges.holds(allowed, value)}

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in run_as_user.must_run_as(value, allowed)}
	count({refused == set(), found == set()}) == 1
}

_range(lowest, highest) := {"min": lowest, "max": highest}

_root(list) := sprintf("spec.%s[0].securityContext.runAsUser: Invalid value: 0: %s", [list, detail]) if {
	detail := "running with the root UID is forbidden"
}

_marked(list) := sprintf("spec.%s[0].securityContext.runAsNonRoot: Invalid value: false: must be true", [list])

# a pod with this securityContext and with one container of each kind, with these
_review(pod, [init, regular, ephemeral]) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": {
		"securityContext": pod,
		"initContainers": [{"name": "i", "securityContext": init}],
		"containers": [{"name": "c", "securityContext": regular}],
		"ephemeralContainers": [{"name": "e", "securityContext": ephemeral}],
	}}},
}
