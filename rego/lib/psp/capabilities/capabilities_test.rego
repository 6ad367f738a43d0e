package lib.psp.capabilities_test

import data.lib.psp.capabilities
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"nothing added under an unset policy": {"allowed": set(), "contexts": [{}, {}, {}], "want": []},
		"nulls": {
			"allowed": set(),
			"contexts": [{"capabilities": null}, {"capabilities": {"add": null, "drop": null}}, null],
			"want": [],
		},
		"drops are free": {"allowed": set(), "contexts": [{}, _drop(["KILL", "ALL"]), {}], "want": []},
		"init": {"allowed": {"B"}, "contexts": [_add(["A"]), {}, {}], "want": [_refusal("initContainers", "A")]},
		"regular": {"allowed": {"B"}, "contexts": [_add(["B"]), _add(["A"]), {}], "want": [_refusal("containers", "A")]},
		"ephemeral": {"allowed": {"B"}, "contexts": [{}, {}, _add(["A"])], "want": [_refusal("ephemeralContainers", "A")]},
		"listed": {"allowed": {"A", "B"}, "contexts": [_add(["A"]), _add(["B", "A"]), _add(["B"])], "want": []},
		"each add in the pod's order, repeated ones too": {
			"allowed": {"B"},
			"contexts": [{}, _add(["Z", "B", "A", "Z"]), {}],
			"want": [_refusal("containers", "Z"), _refusal("containers", "A"), _refusal("containers", "Z")],
		},
		"names are literal": {
			"allowed": {"ALL", "CAP_CHOWN"},
			"contexts": [_add(["ALL"]), _add(["CHOWN", "all"]), _add(["CAP_CHOWN"])],
			"want": [_refusal("containers", "CHOWN"), _refusal("containers", "all")],
		},
		"adding and dropping one name is no conflict": {
			"allowed": {"A"},
			"contexts": [{}, {"capabilities": {"add": ["A"], "drop": ["A"]}}, {}],
			"want": [],
		},
	}

	_told(tc.allowed, {}) == tc.want with input as _review(tc.contexts)
}

test_literal_text if {
	want := ["spec.containers[0].securityContext.capabilities.add: Invalid value: \"X\": capability may not be added"]
	_told(set(), {}) == want with input as _review([{}, _add(["X"]), {}])
}

test_rewritten_lists_are_sorted_and_without_duplicates if {
	contexts := [_add(["Z", "A", "Z"]), _add(["Z", "A", "Z"]), _add(["Z", "A", "Z"])]
	rewritten := {"/spec/containers/0/securityContext": {"capabilities": {"add": ["A", "Z"], "drop": ["X"]}}}
	want := [
		_refusal("initContainers", "Z"),
		_refusal("initContainers", "A"),
		_refusal("initContainers", "Z"),
		_refusal("containers", "A"),
		_refusal("containers", "Z"),
		_refusal("ephemeralContainers", "Z"),
		_refusal("ephemeralContainers", "A"),
		_refusal("ephemeralContainers", "Z"),
	]
	_told({"B"}, rewritten) == want with input as _review(contexts)
}

test_merged[note] if {
	some note, tc in {
		"nothing to do": {"add": set(), "drop": set(), "context": _drop(["Z", "A", "Z"]), "want": null},
		"drop where nothing is set": {"add": set(), "drop": {"KILL"}, "context": {}, "want": {"drop": ["KILL"]}},
		"drop where it is null": {
			"add": set(),
			"drop": {"KILL"},
			"context": {"capabilities": null, "privileged": true},
			"want": {"drop": ["KILL"]},
		},
		"drop where the list is null": {
			"add": set(),
			"drop": {"KILL"},
			"context": {"capabilities": {"drop": null, "add": ["X"]}},
			"want": {"add": ["X"], "drop": ["KILL"]},
		},
		"drop there already": {"add": set(), "drop": {"A"}, "context": _drop(["Z", "A", "Z"]), "want": null},
		"drop beside others": {
			"add": set(),
			"drop": {"B"},
			"context": _drop(["Z", "A", "Z"]),
			"want": {"drop": ["A", "B", "Z"]},
		},
		"ALL is no wildcard for drops": {
			"add": set(),
			"drop": {"KILL"},
			"context": _drop(["ALL"]),
			"want": {"drop": ["ALL", "KILL"]},
		},
		"add where nothing is set": {"add": {"X"}, "drop": set(), "context": {}, "want": {"add": ["X"]}},
		"add to an empty object": {
			"add": {"X"},
			"drop": set(),
			"context": {"capabilities": {}},
			"want": {"add": ["X"]},
		},
		"drop beside an empty object": {
			"add": set(),
			"drop": {"X"},
			"context": {"capabilities": {}},
			"want": {"drop": ["X"]},
		},
		"add there already": {"add": {"X"}, "drop": set(), "context": _add(["X", "A", "X"]), "want": null},
		"add beside others": {
			"add": {"X"},
			"drop": set(),
			"context": _add(["Z", "A", "Z"]),
			"want": {"add": ["A", "X", "Z"]},
		},
		"add what the container drops": {"add": {"X"}, "drop": set(), "context": _drop(["X"]), "want": null},
		"add in spite of ALL": {
			"add": {"X"},
			"drop": set(),
			"context": _drop(["ALL"]),
			"want": {"add": ["X"], "drop": ["ALL"]},
		},
		"one of several adds is dropped": {
			"add": {"X", "Y"},
			"drop": set(),
			"context": _drop(["X"]),
			"want": {"add": ["Y"], "drop": ["X"]},
		},
		"a required drop does not keep a default add away": {
			"add": {"X"},
			"drop": {"X"},
			"context": {},
			"want": {"add": ["X"], "drop": ["X"]},
		},
		"both there already": {
			"add": {"X"},
			"drop": {"Y"},
			"context": {"capabilities": {"add": ["X"], "drop": ["Y"]}},
			"want": null,
		},
	}

	want := {"/spec/containers/0/securityContext": {"capabilities": lists} | lists := tc.want; lists != null}
	settled := {"capabilities": {"add": sort(tc.add), "drop": sort(tc.drop)}}
	review := _review([settled, tc.context, settled])
	capabilities.merged(tc.add, tc.drop, _bare(tc.add, tc.drop)) == want with input as review
}

test_merged_where_no_container_says_anything if {
	want := {
		"/spec/initContainers/0/securityContext": {"capabilities": {"add": ["A"], "drop": ["K"]}},
		"/spec/containers/0/securityContext": {"capabilities": {"add": ["A"], "drop": ["K"]}},
		"/spec/ephemeralContainers/0/securityContext": {"capabilities": {"add": ["A"], "drop": ["K"]}},
	}
	capabilities.merged({"A"}, {"K"}, {"add": ["A"], "drop": ["K"]}) == want with input as _review([null, {}, {}])
}

test_merged_containers if {
	want := {
		"/spec/initContainers/0/securityContext": {"capabilities": {"drop": ["A", "K"]}},
		"/spec/containers/0/securityContext": {"capabilities": {"drop": ["B", "K"]}},
		"/spec/ephemeralContainers/0/securityContext": {"capabilities": {"drop": ["K"]}},
	}
	capabilities.merged(set(), {"K"}, {"drop": ["K"]}) == want with input as _review([_drop(["A"]), _drop(["B"]), null])
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := capabilities.used - allowed

_told(allowed, rewritten) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in capabilities.not_allowed(value, rewritten)}
	count({refused == set(), found == set()}) == 1
}

# what a container without capabilities gets
_bare(add, drop) := {list: sort(names) | some list, names in {"add": add, "drop": drop}; names != set()}

_add(names) := {"capabilities": {"add": names}}

_drop(names) := {"capabilities": {"drop": names}}

_refusal(list, name) := sprintf(
	"spec.%s[0].securityContext.capabilities.add: Invalid value: %q: capability may not be added",
	[list, name],
)

# a pod with one container of each kind, with these securityContexts
_review([init, regular, ephemeral]) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": {
		"initContainers": [{"name": "i", "securityContext": init}],
		"containers": [{"name": "c", "securityContext": regular}],
		"ephemeralContainers": [{"name": "e", "securityContext": ephemeral}],
	}}},
}
