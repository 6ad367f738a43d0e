package system.log_test

import data.system.log

test_mask[note] if {
	some note, tc in {
		"nothing to hide": {
			"event": _event({"containers": [{"name": "c", "env": [{"name": "A", "valueFrom": {"fieldRef": {}}}]}]}, {}),
			"want": {["/input/request/object/spec/containers/0/env", [{"name": "A", "valueFrom": {"fieldRef": {}}}]]},
		},
		"no environment": {"event": _event({"containers": [{"name": "c"}]}, {"team": "a"}), "want": set()},
		"every kind of container": {
			"event": _event(
				{
					"initContainers": [{}, {"env": [{"name": "A", "value": "1"}]}],
					"containers": [{"env": [{"name": "B", "value": "2"}, {"name": "C", "value": "3"}]}],
					"ephemeralContainers": [{"env": [{"name": "D", "value": "4"}]}],
				},
				{},
			),
			"want": {
				["/input/request/object/spec/initContainers/1/env", [{"name": "A", "value": "**hidden**"}]],
				[
					"/input/request/object/spec/containers/0/env",
					[{"name": "B", "value": "**hidden**"}, {"name": "C", "value": "**hidden**"}],
				],
				["/input/request/object/spec/ephemeralContainers/0/env", [{"name": "D", "value": "**hidden**"}]],
			},
		},
		"the pod as it was": {
			"event": {"input": {"request": {
				"object": null,
				"oldObject": {
					"metadata": {"annotations": _applied("x")},
					"spec": {"containers": [{"env": [{"name": "A", "value": "1"}]}]},
				},
			}}},
			"want": {
				["/input/request/oldObject/spec/containers/0/env", [{"name": "A", "value": "**hidden**"}]],
				["/input/request/oldObject/metadata/annotations", _applied("**hidden**")],
			},
		},
		"what no API server lets through": {
			"event": _event({"containers": [{"env": ["x", {"name": "A", "value": 1, "x": "y"}]}, {"env": "x"}, {"env": null}]}, {}),
			"want": {
				["/input/request/object/spec/containers/0/env", ["**hidden**", {"name": "A"}]],
				["/input/request/object/spec/containers/1/env", "**hidden**"],
				["/input/request/object/spec/containers/2/env", "**hidden**"],
			},
		},
		"the manifest that was applied": {
			"event": _event({"containers": []}, object.union(_applied("x"), {"team": "a"})),
			"want": {["/input/request/object/metadata/annotations", object.union(_applied("**hidden**"), {"team": "a"})]},
		},
		"a patch that writes the annotations again": {
			"event": {"input": {}, "result": {"response": {"patch": _patch(object.union(_applied("x"), {"team": "a"}))}}},
			"want": {["/result/response/patch", _patch(object.union(_applied("**hidden**"), {"team": "a"}))]},
		},
		"a patch without it": {
			"event": {"input": {}, "result": {"response": {"patch": _patch({"team": "a"})}}},
			"want": set(),
		},
		"a refusal": {"event": {"input": {}, "result": {"response": {"allowed": false}}}, "want": set()},
		"another decision": {"event": {"path": "x"}, "want": set()},
	}

	mask := log.mask with input as tc.event
	mask == {{"op": "upsert", "path": path, "value": value} | some [path, value] in tc.want}
}

_event(spec, annotations) := {"input": {"request": {
	"object": {"metadata": {"annotations": annotations}, "spec": spec},
	"oldObject": null,
}}}

_applied(text) := {"kubectl.kubernetes.io/last-applied-configuration": text}

_patch(annotations) := base64.encode(json.marshal([
	{"op": "add", "path": "/metadata/annotations", "value": annotations},
	{"op": "add", "path": "/spec/runtimeClassName", "value": "kata"},
]))
