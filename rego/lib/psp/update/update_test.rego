package lib.psp.update_test

import data.lib.psp.update

test_ignored[note] if {
	some note, patches in {
		"nothing": [],
		"ownerReferences": [_add("/metadata/ownerReferences", [{"kind": "ReplicaSet", "name": "r", "uid": "1"}])],
		"ownerReferences of the old one": [_add("/metadata/ownerReferences", null)],
		"finalizers": [_replace("/metadata/finalizers", [])],
		"finalizers removed": [_remove("/metadata/finalizers")],
		"managedFields": [_add("/metadata/managedFields", [{"manager": "kubectl"}])],
		"selfLink": [_add("/metadata/selfLink", "/api/v1/namespaces/apps/pods/p")],
		"all four": [
			_add("/metadata/ownerReferences", []),
			_add("/metadata/finalizers", ["x", "y"]),
			_add("/metadata/managedFields", []),
			_add("/metadata/selfLink", "/x"),
		],
		"an empty list for an absent one": [_add("/spec/tolerations", [])],
		"a null for an absent one": [_add("/spec/nodeName", null), _add("/metadata/labels/none", null)],
		"a quantity in another unit": [_replace("/spec/containers/0/resources/limits/cpu", "0")],
		"quantities with the same value": [
			_replace("/spec/containers/0/resources/limits/memory", "1Gi"),
			_replace("/spec/containers/0/resources/requests/cpu", "1"),
		],
		"a quantity beside finalizers": [
			_remove("/metadata/finalizers"),
			_replace("/spec/containers/0/resources/requests/cpu", "1"),
		],
		"overhead": [_replace("/spec/overhead/memory", "1Gi")],
		"size of an emptyDir": [_replace("/spec/volumes/0/emptyDir/sizeLimit", "1k")],
		"divisor": [_replace("/spec/containers/0/env/0/valueFrom/resourceFieldRef/divisor", "1")],
	}

	update.ignored with input as _review(patches)
}

test_judged[note] if {
	some note, patches in {
		"a label": [_add("/metadata/labels/b", "c")],
		"another label": [_replace("/metadata/labels/a", "c")],
		"a label less": [_remove("/metadata/labels/a")],
		"an annotation": [_add("/metadata/annotations", {"a": "b"})],
		"deletion": [_add("/metadata/deletionTimestamp", "2024-01-01T00:00:00Z")],
		"an image": [_replace("/spec/containers/0/image", "app:2")],
		"another container": [_add("/spec/containers/1", {"name": "d"})],
		"a container less": [_replace("/spec/containers", [])],
		"an ephemeral container": [_add("/spec/ephemeralContainers", [{"name": "e"}])],
		"an empty object for an absent one": [_add("/spec/securityContext", {})],
		"false for an absent one": [_add("/spec/hostNetwork", false)],
		"finalizers and a label": [_remove("/metadata/finalizers"), _add("/metadata/labels/b", "c")],
		"finalizers of something else": [_add("/spec/finalizers", ["x"])],
		"another quantity": [_replace("/spec/containers/0/resources/limits/memory", "1025Mi")],
		"a suffix that turns the value": [_replace("/spec/containers/0/resources/limits/memory", "1024M")],
		"a quantity and an image": [
			_replace("/spec/containers/0/resources/limits/memory", "1Gi"),
			_replace("/spec/containers/0/image", "app:2"),
		],
		"a quantity less": [_remove("/spec/containers/0/resources/limits/memory")],
		"a quantity that is none": [_replace("/spec/containers/0/resources/limits/memory", "much")],
		"a quantity of unknown unit": [_replace("/spec/containers/0/resources/limits/memory", "1Xi")],
		"a fraction, which no API server writes": [_replace("/spec/containers/0/resources/requests/cpu", "1.0")],
		"a number for a quantity": [_replace("/spec/containers/0/resources/requests/cpu", 1)],
		"a value like a quantity": [_replace("/spec/containers/0/env/1/value", "1Gi")],
		"quantities of something else": [_replace("/spec/other/limits/cpu", "1")],
		"other resources": [_replace("/spec/other/resources/other/cpu", "1")],
		"resources of the status": [_replace("/status/resources/limits/cpu", "1")],
		"a divisor in the status": [_replace("/status/resourceFieldRef/divisor", "1")],
		"a label like a quantity": [_replace("/metadata/labels/limits", "1Gi")],
		"an annotation that goes by the name of resources": [_replace("/metadata/labels/memory", "1")],
	}

	not update.ignored with input as _review(patches)
}

test_quantities[note] if {
	some note, tc in {
		"0": ["0", "0m"],
		"n": ["1u", "1000n"],
		"u": ["1m", "1000u"],
		"m": ["1", "1000m"],
		"k": ["1k", "1000"],
		"M": ["1M", "1000k"],
		"G": ["1G", "1000M"],
		"T": ["1T", "1000G"],
		"P": ["1P", "1000T"],
		"E": ["1E", "1000P"],
		"Ki": ["1Ki", "1024"],
		"Mi": ["1Mi", "1024Ki"],
		"Gi": ["1Gi", "1024Mi"],
		"Ti": ["1Ti", "1024Gi"],
		"Pi": ["1Pi", "1024Ti"],
		"Ei": ["1Ei", "1024Pi"],
		"e3": ["1e3", "1k"],
		"e6": ["1e6", "1M"],
		"e9": ["1e9", "1G"],
		"e12": ["1e12", "1T"],
		"e15": ["1e15", "1P"],
		"e18": ["1e18", "1E"],
		"e-3": ["1e-3", "1m"],
		"e-6": ["1e-6", "1u"],
		"e-9": ["1e-9", "1n"],
		"negative": ["-1", "-1000m"],
		"binary against decimal": ["128Ki", "131072"],
		"more digits than a float holds": ["9007199254740993", "9007199254740993000m"],
	}

	update.ignored with input.request as _scaled(tc[0], tc[1])
	update.ignored with input.request as _scaled(tc[1], tc[0])
}

test_unequal_quantities[note] if {
	some note, tc in {
		"sign": ["1", "-1"],
		"decimal against binary": ["1k", "1Ki"],
		"milli against mega": ["1m", "1M"],
		"more digits than a float holds": ["9007199254740993", "9007199254740992000m"],
		"nothing": ["1", ""],
		"spaces": ["1", " 1"],
	}

	not update.ignored with input.request as _scaled(tc[0], tc[1])
	not update.ignored with input.request as _scaled(tc[1], tc[0])
}

test_not_an_update_of_a_pod[note] if {
	some note, request in {
		"creation": {"operation": "CREATE", "object": _pod, "oldObject": _pod},
		"creation with another quantity": {
			"operation": "CREATE",
			"object": json.patch(_pod, [_replace("/spec/overhead/memory", "1Gi")]),
			"oldObject": _pod,
		},
		"audit": {"operation": "", "object": _pod, "oldObject": _pod},
		"no operation": {"object": _pod, "oldObject": _pod},
		"no old object": {"operation": "UPDATE", "object": _pod},
		"null for the old object": {"operation": "UPDATE", "object": _pod, "oldObject": null},
		"an old object without metadata": {"operation": "UPDATE", "object": _pod, "oldObject": {"spec": _pod.spec}},
		"both without metadata": {"operation": "UPDATE", "object": {"spec": {}}, "oldObject": {"spec": {}}},
		"old object of another type": {"operation": "UPDATE", "object": _pod, "oldObject": [_pod]},
	}

	not update.ignored with input as {"kind": "AdmissionReview", "request": request}
}

_scaled(new, old) := {
	"operation": "UPDATE",
	"object": {"metadata": {}, "spec": {"overhead": {"cpu": new}}},
	"oldObject": {"metadata": {}, "spec": {"overhead": {"cpu": old}}},
}

_add(path, value) := {"op": "add", "path": path, "value": value}

_replace(path, value) := {"op": "replace", "path": path, "value": value}

_remove(path) := {"op": "remove", "path": path}

# the update of a pod by patches
_review(patches) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"operation": "UPDATE", "object": json.patch(_pod, patches), "oldObject": _pod},
}

_pod := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {
		"name": "p",
		"finalizers": ["x"],
		"ownerReferences": [{"kind": "Job", "name": "j", "uid": "2"}],
		"labels": {"a": "b", "limits": "1024Mi", "memory": "1000m"},
	},
	"spec": {
		"containers": [{
			"name": "c",
			"image": "app:1",
			"resources": {"limits": {"cpu": "0m", "memory": "1024Mi"}, "requests": {"cpu": "1000m"}},
			"env": [
				{"name": "a", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1000m"}}},
				{"name": "b", "value": "1024Mi"},
			],
		}],
		"overhead": {"memory": "1024Mi"},
		"other": {"limits": {"cpu": "1000m"}, "resources": {"other": {"cpu": "1000m"}}},
		"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1000"}}],
	},
	"status": {"resources": {"limits": {"cpu": "1000m"}}, "resourceFieldRef": {"divisor": "1000m"}},
}
