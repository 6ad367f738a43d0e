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
# description: violations of every policy, one that allows all volume types included
unknown contains [[0, 8, i], _path(i), "Invalid value", "", "unknown volume type"] if {
	"" in _used
	some i, "" in types
}

# METADATA
# description: violations of a policy that allows only some volume types
not_allowed(allowed) := {[[0, 8, i], _path(i), "Invalid value", type, _detail(type)] |
	some type in (_used - allowed)
	some i, used in types
	used == type
	not _exempt(i, type, allowed)
}

# METADATA
# description: type of each volume by index, "" for one that PSP does not know
types := [_types[min(ranks)] |
	some volume in pod.spec.volumes
	ranks := {29} | {_ranks[key] | some key, source in volume; is_object(source)}
]

_used := {type | some type in types}

_detail("") := "unknown volume type"

_detail(type) := sprintf("%s volumes are not allowed to be used", [type]) if type != ""

_exempt(i, "projected", allowed) if {
	"secret" in allowed
	not _exposes_more(pod.spec.volumes[i].projected)
}

# IsOnlyServiceAccountTokenSources in pkg/security/podsecuritypolicy/util/util.go
_exposes_more(projected) if {
	some source in projected.sources
	not _token_source(source)
}

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
	"awsElasticBlockStore": 3,
	"azureDisk": 21,
	"azureFile": 17,
	"cephfs": 13,
	"cinder": 12,
	"configMap": 18,
	"csi": 27,
	"downwardAPI": 15,
	"emptyDir": 1,
	"ephemeral": 28,
	"fc": 16,
	"flexVolume": 11,
	"flocker": 14,
	"gcePersistentDisk": 2,
	"gitRepo": 4,
	"glusterfs": 8,
	"hostPath": 0,
	"iscsi": 7,
	"nfs": 6,
	"persistentVolumeClaim": 9,
	"photonPersistentDisk": 22,
	"portworxVolume": 25,
	"projected": 24,
	"quobyte": 20,
	"rbd": 10,
	"scaleIO": 26,
	"secret": 5,
	"storageos": 23,
	"vsphereVolume": 19,
}

# type at each rank, spelled as policies do (cephFS); the last is that of a volume without a known source
_types := [
	"hostPath",
	"emptyDir",
	"gcePersistentDisk",
	"awsElasticBlockStore",
	"gitRepo",
	"secret",
	"nfs",
	"iscsi",
	"glusterfs",
	"persistentVolumeClaim",
	"rbd",
	"flexVolume",
	"cinder",
	"cephFS",
	"flocker",
	"downwardAPI",
	"fc",
	"azureFile",
	"configMap",
	"vsphereVolume",
	"quobyte",
	"azureDisk",
	"photonPersistentDisk",
	"storageos",
	"projected",
	"portworxVolume",
	"scaleIO",
	"csi",
	"ephemeral",
	"",
]
