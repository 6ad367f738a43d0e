package lib.psp.fs_group_test

import data.lib.psp.fs_group
import data.lib.psp.ranges
import data.lib.psp.text

test_outside[note] if {
	some note, tc in {
		"unset": {"context": {}, "ranges": [_range(5, 6)], "want": []},
		"null": {"context": {"fsGroup": null}, "ranges": [_range(5, 6)], "want": []},
		"no securityContext": {"context": null, "ranges": [_range(5, 6)], "want": []},
		"no ranges": {"context": {"fsGroup": 5}, "ranges": [], "want": [_refusal(5, "[]")]},
		"min - 1": {"context": {"fsGroup": 4}, "ranges": [_range(5, 6)], "want": [_refusal(4, "[{5 6}]")]},
		"min": {"context": {"fsGroup": 5}, "ranges": [_range(5, 6)], "want": []},
		"max": {"context": {"fsGroup": 6}, "ranges": [_range(5, 6)], "want": []},
		"max + 1": {"context": {"fsGroup": 7}, "ranges": [_range(5, 6)], "want": [_refusal(7, "[{5 6}]")]},
		"second range": {"context": {"fsGroup": 9}, "ranges": [_range(5, 6), _range(9, 9)], "want": []},
		"between ranges": {
			"context": {"fsGroup": 8},
			"ranges": [_range(5, 6), _range(9, 9)],
			"want": [_refusal(8, "[{5 6} {9 9}]")],
		},
		"min above max": {"context": {"fsGroup": 5}, "ranges": [_range(6, 4)], "want": [_refusal(5, "[{6 4}]")]},
		"0 is set": {"context": {"fsGroup": 0}, "ranges": [_range(1, 9)], "want": [_refusal(0, "[{1 9}]")]},
		"0 in a range": {"context": {"fsGroup": 0}, "ranges": [_range(0, 0)], "want": []},
		"a large group": {
			"context": {"fsGroup": 2147483647},
			"ranges": [_range(1, 2147483646)],
			"want": [_refusal(2147483647, "[{1 2147483646}]")],
		},
		"fsGroupChangePolicy is free": {"context": {"fsGroupChangePolicy": "Always"}, "ranges": [], "want": []},
	}

	_told(tc.ranges) == tc.want with input as _review({"securityContext": tc.context})
}

test_literal_text if {
	want := ["spec.securityContext.fsGroup: Invalid value: []int64{9}: group 9 must be in the ranges: [{5 6}]"]
	_told([_range(5, 6)]) == want with input as _review({"securityContext": {"fsGroup": 9}})
}

# Gatekeeper hands over large numbers in another form
test_text_of_a_large_group if {
	want := concat("", [
		"spec.securityContext.fsGroup: Invalid value: []int64{2147483647}: ",
		"group 2147483647 must be in the ranges: [{5 6}]",
	])
	_told([_range(5, 6)]) == [want] with input as _review({"securityContext": {"fsGroup": 2.147483647e+09}})
}

test_containers_play_no_part if {
	spec := {"containers": [{"name": "c", "securityContext": {"fsGroup": 9}}]}
	_refused([]) == set() with input as _review(spec)
	fs_group.unset == {"/spec/securityContext"} with input as _review(spec)
}

test_default_outside[note] if {
	some note, tc in {
		"unset": {"context": {}, "want": [_refusal(7, "[{7 5}]")]},
		"null": {"context": {"fsGroup": null}, "want": [_refusal(7, "[{7 5}]")]},
		"set": {"context": {"fsGroup": 7}, "want": []},
		"0 is set": {"context": {"fsGroup": 0}, "want": []},
	}

	review := _review({"securityContext": tc.context})
	text.lines(fs_group.default_outside(7, [_range(7, 5)])) == tc.want with input as review
}

test_unset[note] if {
	some note, tc in {
		"no securityContext": {"spec": {}, "want": {"/spec/securityContext"}},
		"null securityContext": {"spec": {"securityContext": null}, "want": {"/spec/securityContext"}},
		"other fields": {"spec": {"securityContext": {"runAsUser": 1}}, "want": {"/spec/securityContext"}},
		"null": {"spec": {"securityContext": {"fsGroup": null}}, "want": {"/spec/securityContext"}},
		"set": {"spec": {"securityContext": {"fsGroup": 1}}, "want": set()},
		"0 is set": {"spec": {"securityContext": {"fsGroup": 0}}, "want": set()},
	}

	fs_group.unset == tc.want with input as _review(tc.spec)
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := {value | some value in fs_group.used; not ranges.holds(allowed, value)}

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in fs_group.outside(value, allowed)}
	count({refused == set(), found == set()}) == 1
}

_range(lowest, highest) := {"min": lowest, "max": highest}

_refusal(gid, ranges) := sprintf(
	"spec.securityContext.fsGroup: Invalid value: []int64{%d}: group %d must be in the ranges: %s",
	[gid, gid, ranges],
)

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p"},
		"spec": object.union({"containers": [{"name": "c"}]}, spec),
	}},
}
