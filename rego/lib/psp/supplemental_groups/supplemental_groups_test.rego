package lib.psp.supplemental_groups_test

import data.lib.psp.ranges
import data.lib.psp.supplemental_groups
import data.lib.psp.text

test_outside[note] if {
	some note, tc in {
		"unset": {"context": {}, "want": []},
		"null": {"context": {"supplementalGroups": null}, "want": []},
		"no securityContext": {"context": null, "want": []},
		"empty list": {"context": {"supplementalGroups": []}, "want": []},
		"min and max": {"context": {"supplementalGroups": [7, 9, 20, 30]}, "want": []},
		"min - 1 and max + 1": {
			"context": {"supplementalGroups": [6, 10, 19, 31]},
			"want": [
				_refusal("6, 10, 19, 31", 6),
				_refusal("6, 10, 19, 31", 10),
				_refusal("6, 10, 19, 31", 19),
				_refusal("6, 10, 19, 31", 31),
			],
		},
		"bad ones among good ones": {
			"context": {"supplementalGroups": [1, 8, 2]},
			"want": [_refusal("1, 8, 2", 1), _refusal("1, 8, 2", 2)],
		},
		"in the pod's order, repeated ones too": {
			"context": {"supplementalGroups": [2, 0, 2]},
			"want": [_refusal("2, 0, 2", 2), _refusal("2, 0, 2", 0), _refusal("2, 0, 2", 2)],
		},
	}

	review := _review({"securityContext": tc.context})
	_told([_range(7, 9), _range(20, 30)]) == tc.want with input as review
}

# Gatekeeper hands over large numbers in another form
test_text_of_a_large_group if {
	want := concat("", [
		"spec.securityContext.supplementalGroups: Invalid value: []int64{2147483647}: ",
		"group 2147483647 must be in the ranges: [{2 9}]",
	])
	review := _review({"securityContext": {"supplementalGroups": [2.147483647e+09]}})
	_told([_range(2, 9)]) == [want] with input as review
}

test_literal_text if {
	want := [concat("", [
		"spec.securityContext.supplementalGroups: Invalid value: []int64{1, 8, 2}: ",
		"group 1 must be in the ranges: [{2 9}]",
	])]
	review := _review({"securityContext": {"supplementalGroups": [1, 8, 2]}})
	_told([_range(2, 9)]) == want with input as review
}

test_no_ranges_hold_nothing if {
	want := ["spec.securityContext.supplementalGroups: Invalid value: []int64{0}: group 0 must be in the ranges: []"]
	review := _review({"securityContext": {"supplementalGroups": [0]}})
	_told([]) == want with input as review
}

test_min_above_max_holds_nothing if {
	want := ["spec.securityContext.supplementalGroups: Invalid value: []int64{5}: group 5 must be in the ranges: [{6 4}]"]
	review := _review({"securityContext": {"supplementalGroups": [5]}})
	_told([_range(6, 4)]) == want with input as review
}

test_default_outside[note] if {
	some note, tc in {
		"unset": {"context": {}, "want": [_default_refusal]},
		"null": {"context": {"supplementalGroups": null}, "want": [_default_refusal]},
		"empty list": {"context": {"supplementalGroups": []}, "want": []},
		"set": {"context": {"supplementalGroups": [7]}, "want": []},
	}

	review := _review({"securityContext": tc.context})
	text.lines(supplemental_groups.default_outside(7, [_range(7, 5)])) == tc.want with input as review
}

test_empty[note] if {
	some note, tc in {
		"unset": {"context": {}, "want": []},
		"null": {"context": {"supplementalGroups": null}, "want": []},
		"set": {"context": {"supplementalGroups": [0]}, "want": []},
		"empty list": {"context": {"supplementalGroups": []}, "want": [concat("", [
			"spec.securityContext.supplementalGroups: Invalid value: []int64{}: ",
			"unable to validate empty groups against required ranges",
		])]},
	}

	text.lines(supplemental_groups.empty) == tc.want with input as _review({"securityContext": tc.context})
}

test_unset[note] if {
	some note, tc in {
		"no securityContext": {"spec": {}, "want": {"/spec/securityContext"}},
		"null securityContext": {"spec": {"securityContext": null}, "want": {"/spec/securityContext"}},
		"other fields": {"spec": {"securityContext": {"fsGroup": 1}}, "want": {"/spec/securityContext"}},
		"null": {"spec": {"securityContext": {"supplementalGroups": null}}, "want": {"/spec/securityContext"}},
		"an empty list is set": {"spec": {"securityContext": {"supplementalGroups": []}}, "want": set()},
		"set": {"spec": {"securityContext": {"supplementalGroups": [1]}}, "want": set()},
	}

	supplemental_groups.unset == tc.want with input as _review(tc.spec)
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := {value | some value in supplemental_groups.used; not ranges.holds(allowed, value)}

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in supplemental_groups.outside(value, allowed)}
	count({refused == set(), found == set()}) == 1
}

_range(lowest, highest) := {"min": lowest, "max": highest}

_refusal(gids, gid) := sprintf(
	"spec.securityContext.supplementalGroups: Invalid value: []int64{%s}: group %d must be in the ranges: [{7 9} {20 30}]",
	[gids, gid],
)

_default_refusal := concat("", [
	"spec.securityContext.supplementalGroups: Invalid value: []int64{7}: ",
	"group 7 must be in the ranges: [{7 5}]",
])

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p"},
		"spec": object.union({"containers": [{"name": "c"}]}, spec),
	}},
}
