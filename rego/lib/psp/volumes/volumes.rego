# METADATA
# title: volumes
# description: |
#   The type of each volume: the first of its sources in native's order. A volume
#   without a source that PSP knows is refused under every policy. Projections of
#   service account tokens go with secret.
#   pkg/security/podsecuritypolicy/provider.go and util/util.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.volumes
package lib.psp.volumes

import data.lib.psp.pod

# METADATA
# description: types of all volumes, "" for one that PSP does not know
used := {type | some type in types}

# METADATA
# description: the same, projections of service account tokens counting as secret
used_beside_secret := {type |
	some i, own in types
	type := _beside_secret(i, own)
}

# METADATA
# description: violations by the volumes of a type
not_allowed(type) := {[[0, 8, i], _path(i), "Invalid value", type, _detail(type)] |
	some i, own in types
	own == type
}

# METADATA
# description: the same, projections of service account tokens counting as secret
not_allowed_beside_secret(type) := {[[0, 8, i], _path(i), "Invalid value", own, _detail(own)] |
	some i, own in types
	_beside_secret(i, own) == type
}

# METADATA
# description: type of each volume by index, "" for one that PSP does not know
types := [_types[min(ranks)] |
	some volume in pod.spec.volumes
	ranks := {29} | {_ranks[key] | some key, source in volume; is_object(source)}
]

_detail("") := "unknown volume type"

_detail(type) := sprintf("%s volumes are not allowed to be used", [type]) if type != ""

_beside_secret(i, own) := "secret" if {
	own == "projected"
	not _exposes_more(pod.spec.volumes[i].projected)
} else := own

# IsOnlyServiceAccountTokenSources in pkg/security/podsecuritypolicy/util/util.go
_exposes_more(projected) if {
	some source in projected.sources
	not _token_source(source)
}

_exposes_more(projected) if not type_name(object.get(projected, "sources", [])) in {"array", "null"}

_token_source(source) if {
	some key in ["serviceAccountToken", "configMap", "downwardAPI"]
	object.get(source, key, null) != null
	not _other_token(object.get(source, "serviceAccountToken", null))
	not _other_config_map(object.get(source, "configMap", null))
	not _other_downward_api(object.get(source, "downwardAPI", null))
}

_other_token(token) if {
	token != null
	object.get(token, "path", "") != "token"
}

_other_token(token) if object.get(token, "audience", "") != ""

_other_config_map(config_map) if {
	config_map != null
	object.get(config_map, "name", "") != "kube-root-ca.crt"
}

_other_downward_api(downward_api) if {
	some item in downward_api.items
	not _namespace_item(item)
}

_namespace_item(item) if {
	item.path == "namespace"
	item.fieldRef.apiVersion == "v1"
	item.fieldRef.fieldPath == "metadata.namespace"
}

_path(i) := sprintf("spec.volumes[%d]", [i])

# rank of each source in the order of GetVolumeFSType
_ranks := {
	"hostPath": 0, "emptyDir": 1, "gcePersistentDisk": 2, "awsElasticBlockStore": 3, "gitRepo": 4,
	"secret": 5, "nfs": 6, "iscsi": 7, "glusterfs": 8, "persistentVolumeClaim": 9,
	"rbd": 10, "flexVolume": 11, "cinder": 12, "cephfs": 13, "flocker": 14,
	"downwardAPI": 15, "fc": 16, "azureFile": 17, "configMap": 18, "vsphereVolume": 19,
	"quobyte": 20, "azureDisk": 21, "photonPersistentDisk": 22, "storageos": 23, "projected": 24,
	"portworxVolume": 25, "scaleIO": 26, "csi": 27, "ephemeral": 28,
}

# type at each rank, spelled as policies do (cephFS); the last is that of a volume without a known source
_types := [
	"hostPath", "emptyDir", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo",
	"secret", "nfs", "iscsi", "glusterfs", "persistentVolumeClaim",
	"rbd", "flexVolume", "cinder", "cephFS", "flocker",
	"downwardAPI", "fc", "azureFile", "configMap", "vsphereVolume",
	"quobyte", "azureDisk", "photonPersistentDisk", "storageos", "projected",
	"portworxVolume", "scaleIO", "csi", "ephemeral", "",
]
