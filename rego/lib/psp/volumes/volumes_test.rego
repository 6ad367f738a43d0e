package lib.psp.volumes_test

import data.lib.psp.text
import data.lib.psp.volumes

test_types_of_single_sources if {
	want := [type | some [_, type] in _sources]
	volumes.types == want with input as _review([{"name": "v", key: {}} | some [key, _] in _sources])
}

test_first_source_in_the_order_of_native_decides if {
	want := [type | some [_, type] in _sources]
	volumes.types == want with input as _review([{key: {} | some j, [key, _] in _sources; j >= i} | some i, _ in _sources])
}

test_what_a_star_does_not_allow if {
	volumes.unknown == set() with input as _review([{"name": "v", "emptyDir": {}}])
	volumes.unknown == set() with input as _review([])
	volumes.unknown == {""} with input as _review([{"name": "v", "emptyDir": {}}, {"name": "w"}])
	volumes.unknown == {"image"} with input as _review([{"name": "v", "emptyDir": {}}, {"name": "w", "image": {}}])
	volumes.unknown == {"", "image"} with input as _review([{"name": "v", "newer": {}}, {"name": "w", "image": {}}])
}

test_types[note] if {
	some note, tc in {
		"no volumes": {"volumes": [], "want": []},
		"null": {"volumes": null, "want": []},
		"no source": {"volumes": [{"name": "v"}], "want": [""]},
		"null source": {
			"volumes": [{"name": "v", "hostPath": null, "secret": {}}, {"name": "w", "nfs": null}],
			"want": ["secret", ""],
		},
		"unknown source": {
			"volumes": [{"name": "v", "newer": {}}, {"name": "w", "newer": {}, "nfs": {}}],
			"want": ["", "nfs"],
		},
		"source of another type": {"volumes": [{"name": "v", "secret": "s"}], "want": [""]},
		"volume that is no object": {"volumes": [null, "secret", {"name": "v", "secret": {}}], "want": ["", "", "secret"]},
		"names of policies are no sources": {"volumes": [{"name": "v", "cephFS": {}}], "want": [""]},
	}

	volumes.types == tc.want with input as _review(tc.volumes)
}

test_unset_volumes if {
	volumes.types == [] with input.request.object as {"metadata": {"name": "p"}, "spec": {"containers": []}}
}

test_unknown[note] if {
	some note, tc in {
		"none": {"volumes": [], "want": []},
		"every known type": {"volumes": [{"name": "v", key: {}} | some [key, _] in _sources], "want": []},
		"some": {
			"volumes": [{"name": "v"}, {"name": "w", "emptyDir": {}}, {"name": "x", "newer": {}}],
			"want": [_unknown(0), _unknown(2)],
		},
	}

	found := volumes.not_allowed("") with input as _review(tc.volumes)
	text.lines(found) == tc.want
	volumes.used & {""} == {"" | tc.want != []} with input as _review(tc.volumes)
}

test_not_allowed[note] if {
	some note, tc in {
		"no volumes under an unset policy": {"allowed": set(), "volumes": [], "want": []},
		"unset policy": {"allowed": set(), "volumes": [{"name": "v", "emptyDir": {}}], "want": [_refusal(0, "emptyDir")]},
		"listed": {
			"allowed": {"secret", "nfs"},
			"volumes": [{"name": "v", "nfs": {}}, {"name": "w", "secret": {}}],
			"want": [],
		},
		"each volume, in their order": {
			"allowed": {"secret"},
			"volumes": [
				{"name": "a", "nfs": {}},
				{"name": "b", "secret": {}},
				{"name": "c", "csi": {}},
				{"name": "d", "nfs": {}},
			],
			"want": [_refusal(0, "nfs"), _refusal(2, "csi"), _refusal(3, "nfs")],
		},
		"unknown, allowed by no list": {
			"allowed": {"secret", "emptyDir", "image"},
			"volumes": [{"name": "a", "newer": {}}],
			"want": [_unknown(0)],
		},
		"image": {"allowed": {"secret"}, "volumes": [{"name": "a", "image": {}}], "want": [_refusal(0, "image")]},
		"image that is named": {"allowed": {"image"}, "volumes": [{"name": "a", "image": {}}], "want": []},
		"policies say cephFS": {
			"allowed": {"cephfs"},
			"volumes": [{"name": "a", "cephfs": {}}],
			"want": [_refusal(0, "cephFS")],
		},
		"persistentVolumeClaim does not cover ephemeral": {
			"allowed": {"persistentVolumeClaim"},
			"volumes": [
				{"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
				{"name": "b", "persistentVolumeClaim": {}},
			],
			"want": [_refusal(0, "ephemeral")],
		},
		"configMap and downwardAPI do not open projections": {
			"allowed": {"configMap", "downwardAPI"},
			"volumes": [_projected([_token])],
			"want": [_refusal(0, "projected")],
		},
	}

	_told(tc.allowed) == tc.want with input as _review(tc.volumes)
}

test_literal_text if {
	want := ["spec.volumes[0]: Invalid value: \"emptyDir\": emptyDir volumes are not allowed to be used"]
	_told({"secret"}) == want with input as _review([{"name": "v", "emptyDir": {}}])
}

test_projections_that_go_with_secret[note] if {
	some note, sources in {
		"what the ServiceAccount plugin adds": [
			{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
			{"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
			{"downwardAPI": {"items": [_namespace_item]}},
		],
		"no sources": [],
		"null": null,
		"empty audience": [{"serviceAccountToken": {"path": "token", "audience": ""}}],
		"token beside nulls": [{"serviceAccountToken": {"path": "token"}, "configMap": null, "downwardAPI": null}],
		"other items of the config map": [{"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "x", "path": "y"}]}}],
		"downwardAPI without items": [{"downwardAPI": {}}, {"downwardAPI": {"items": null}}, {"downwardAPI": {"items": []}}],
		"mode of an item": [{"downwardAPI": {"items": [object.union(_namespace_item, {"mode": 420})]}}],
	}

	_refused({"secret"}) == set() with input as _review([_projected(sources)])
}

test_projections_that_need_projected[note] if {
	some note, source in {
		"nothing": {},
		"nulls": {"serviceAccountToken": null, "configMap": null, "downwardAPI": null},
		"secret": {"secret": {"name": "s"}},
		"audience": {"serviceAccountToken": {"path": "token", "audience": "vault"}},
		"another path": {"serviceAccountToken": {"path": "tokens"}},
		"no path": {"serviceAccountToken": {}},
		"another config map": {"configMap": {"name": "kube-root-ca"}},
		"a config map without name": {"configMap": {}},
		"another path of the item": {"downwardAPI": {"items": [object.union(_namespace_item, {"path": "ns"})]}},
		"another field": {
			"downwardAPI": {"items": [object.union(_namespace_item, {"fieldRef": {"fieldPath": "metadata.name"}})]},
		},
		"another version": {"downwardAPI": {"items": [object.union(_namespace_item, {"fieldRef": {"apiVersion": "v2"}})]}},
		"resource field": {"downwardAPI": {"items": [{"path": "namespace", "resourceFieldRef": {"resource": "limits.cpu"}}]}},
		"good item beside a bad one": {"downwardAPI": {"items": [_namespace_item, {"path": "namespace"}]}},
		"good token beside a bad config map": {"serviceAccountToken": {"path": "token"}, "configMap": {"name": "x"}},
	}

	refused := [_refusal(0, "projected")]
	_told({"secret"}) == refused with input as _review([_projected([source])])
	_told({"secret"}) == refused with input as _review([_projected([_token, source])])
	_refused({"projected"}) == set() with input as _review([_projected([source])])
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := volumes.used_beside_secret - allowed if {
	_beside_secret(allowed)
} else := volumes.used - allowed

_found(type, allowed) := volumes.not_allowed_beside_secret(type) if {
	_beside_secret(allowed)
} else := volumes.not_allowed(type)

_beside_secret(allowed) if {
	"secret" in allowed
	not "projected" in allowed
}

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some type in refused; some violation in _found(type, allowed)}
	count({refused == set(), found == set()}) == 1
}

test_projection_beside_a_source_that_goes_first if {
	volume := object.union(_projected([_token]), {"nfs": {}})
	_told({"secret"}) == [_refusal(0, "nfs")] with input as _review([volume])
}

test_sources_that_are_no_list[note] if {
	some note, sources in {"text": "x", "number": 1, "object": _token, "false": false}

	_told({"secret"}) == [_refusal(0, "projected")] with input as _review([_projected(sources)])
}

_token := {"serviceAccountToken": {"path": "token"}}

_namespace_item := {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}

_projected(sources) := {"name": "v", "projected": {"sources": sources, "defaultMode": 420}}

_unknown(i) := sprintf("spec.volumes[%d]: Invalid value: \"\": unknown volume type", [i])

_refusal(i, type) := sprintf(
	"spec.volumes[%d]: Invalid value: %q: %s volumes are not allowed to be used",
	[i, type, type],
)

_review(list) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}], "volumes": list}}},
}

# each source of a volume with the type it gives, in the order of GetVolumeFSType
_sources := [
	["hostPath", "hostPath"],
	["emptyDir", "emptyDir"],
	["gcePersistentDisk", "gcePersistentDisk"],
	["awsElasticBlockStore", "awsElasticBlockStore"],
	["gitRepo", "gitRepo"],
	["secret", "secret"],
	["nfs", "nfs"],
	["iscsi", "iscsi"],
	["glusterfs", "glusterfs"],
	["persistentVolumeClaim", "persistentVolumeClaim"],
	["rbd", "rbd"],
	["flexVolume", "flexVolume"],
	["cinder", "cinder"],
	["cephfs", "cephFS"],
	["flocker", "flocker"],
	["downwardAPI", "downwardAPI"],
	["fc", "fc"],
	["azureFile", "azureFile"],
	["configMap", "configMap"],
	["vsphereVolume", "vsphereVolume"],
	["quobyte", "quobyte"],
	["azureDisk", "azureDisk"],
	["photonPersistentDisk", "photonPersistentDisk"],
	["storageos", "storageos"],
	["projected", "projected"],
	["portworxVolume", "portworxVolume"],
	["scaleIO", "scaleIO"],
	["csi", "csi"],
	["ephemeral", "ephemeral"],
]
