package lib.psp.run_as_group_test

import data.lib.psp.ranges
import data.lib.psp.run_as_group
import data.lib.psp.text

test_outside[note] if {
	some note, tc in {
		"unset": {"ranges": [], "pod": null, "contexts": [{}, {}, null], "want": []},
		"nulls": {
			"ranges": [],
			"pod": {"runAsGroup": null},
			"contexts": [{"runAsGroup": null}, null, {}],
			"want": [],
		},
		"no ranges": {
			"ranges": [],
			"pod": {},
			"contexts": [{}, {"runAsGroup": 0}, {}],
			"want": ["spec.containers[0].securityContext: Invalid value: []int64{0}: group 0 must be in the ranges: []"],
		},
		"min - 1, max + 1": {
			"ranges": [_range(5, 6)],
			"pod": {},
			"contexts": [{"runAsGroup": 4}, {"runAsGroup": 5}, {"runAsGroup": 7}],
			"want": [_refusal("initContainers", 4), _refusal("ephemeralContainers", 7)],
		},
		"min, max": {
			"ranges": [_range(5, 6)],
			"pod": {},
			"contexts": [{"runAsGroup": 5}, {"runAsGroup": 6}, {"runAsGroup": 6}],
			"want": [],
		},
		"second range": {
			"ranges": [_range(1, 1), _range(5, 6)],
			"pod": {"runAsGroup": 6},
			"contexts": [{}, {"runAsGroup": 1}, {}],
			"want": [],
		},
		"min above max": {
			"ranges": [_range(6, 5)],
			"pod": {"runAsGroup": 5},
			"contexts": [{}, {"runAsGroup": null}, null],
			"want": [
				"spec.initContainers[0].securityContext: Invalid value: []int64{5}: group 5 must be in the ranges: [{6 5}]",
				"spec.containers[0].securityContext: Invalid value: []int64{5}: group 5 must be in the ranges: [{6 5}]",
				"spec.ephemeralContainers[0].securityContext: Invalid value: []int64{5}: group 5 must be in the ranges: [{6 5}]",
			],
		},
		"a bad pod level is inherited": {
			"ranges": [_range(5, 6)],
			"pod": {"runAsGroup": 0},
			"contexts": [{"runAsGroup": 5}, {}, {"runAsUser": 5}],
			"want": [_refusal("containers", 0), _refusal("ephemeralContainers", 0)],
		},
		"a bad pod level that every container overrides": {
			"ranges": [_range(5, 6)],
			"pod": {"runAsGroup": 9},
			"contexts": [{"runAsGroup": 5}, {"runAsGroup": 5}, {"runAsGroup": 5}],
			"want": [],
		},
		"a good pod level does not mend containers": {
			"ranges": [_range(5, 6)],
			"pod": {"runAsGroup": 5},
			"contexts": [{"runAsGroup": 0}, {"runAsGroup": 9}, {"runAsGroup": 4}],
			"want": [_refusal("initContainers", 0), _refusal("containers", 9), _refusal("ephemeralContainers", 4)],
		},
	}

	_told(tc.ranges) == tc.want with input as _review(tc.pod, tc.contexts)
}

test_default_outside[note] if {
	some note, tc in {
		"unset": {
			"pod": null,
			"contexts": [{}, {"runAsGroup": 9}, null],
			"want": [_default_refusal("initContainers"), _default_refusal("ephemeralContainers")],
		},
		"null": {"pod": {}, "contexts": [{"runAsGroup": 9}, {"runAsGroup": null}, {"runAsGroup": 0}], "want": [
			_default_refusal("containers"),
		]},
		"set for the pod": {"pod": {"runAsGroup": 0}, "contexts": [{}, {}, {}], "want": []},
		"set for all": {"pod": {}, "contexts": [{"runAsGroup": 1}, {"runAsGroup": 0}, {"runAsGroup": 2}], "want": []},
	}

	review := _review(tc.pod, tc.contexts)
	text.lines(run_as_group.default_outside(7, [_range(7, 5)])) == tc.want with input as review
}

test_unset[note] if {
	some note, tc in {
		"unset": {
			"pod": null,
			"contexts": [{}, null, {"runAsUser": 1}],
			"want": {_place("init"), _place(""), _place("ephemeral")},
		},
		"null": {
			"pod": {"runAsGroup": null},
			"contexts": [{"runAsGroup": 1}, {"runAsGroup": null}, {"runAsGroup": 0}],
			"want": {_place("")},
		},
		"set for the pod": {"pod": {"runAsGroup": 0}, "contexts": [{}, {}, {}], "want": set()},
		"set for all": {"pod": {}, "contexts": [{"runAsGroup": 1}, {"runAsGroup": 0}, {"runAsGroup": 2}], "want": set()},
	}

	run_as_group.unset == tc.want with input as _review(tc.pod, tc.contexts)
}

# Gatekeeper hands over large numbers in another form
test_text_of_a_large_group if {
	want := _refusal("containers", 2147483647)
	_told([_range(5, 6)]) == [want] with input as _review(
		{},
		[{"runAsGroup": 5}, {"runAsGroup": 2.147483647e+09}, {"runAsGroup": 5}],
	)
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := {value | some value in run_as_group.used; not ranges.holds(allowed, value)}

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in run_as_group.outside(value, allowed)}
	count({refused == set(), found == set()}) == 1
}

_range(lowest, highest) := {"min": lowest, "max": highest}

_place("") := "/spec/containers/0/securityContext"

_place(kind) := sprintf("/spec/%sContainers/0/securityContext", [kind]) if kind != ""

_refusal(list, gid) := sprintf(
	"spec.%s[0].securityContext: Invalid value: []int64{%d}: group %d must be in the ranges: %s",
	[list, gid, gid, "[{5 6}]"],
)

_default_refusal(list) := sprintf(
	"spec.%s[0].securityContext: Invalid value: []int64{7}: group 7 must be in the ranges: [{7 5}]",
	[list],
)

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
