# METADATA
# title: volumes
# description: |
#   The type of each volume: the first of its sources in native's order. A volume
#   without a source that is known is refused under every policy, and an image (1.31 and
#   later) under every policy that does not name it. Projections of service account
#   tokens go with secret.
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
# description: |
#   types that a policy does not allow with *: what PSP does not know, and what came after it,
#   which a policy has to name
unknown := used & {"", "image"}

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
types := plain if {
	volumes := pod.spec.volumes
	plain := [type |
		some volume in volumes
		type := _types_of[concat(" ", object.keys(volume))]
		is_object(volume[type])
	]
	count(plain) == count(volumes)
} else := [min({[30, ""]} | {_ranked[key] | some key, source in volume; is_object(source)})[1] |
	some volume in pod.spec.volumes
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

# rank of each source in the order of GetVolumeFSType, and the type that policies call it by
_ranked := {
	"hostPath": [0, "hostPath"], "emptyDir": [1, "emptyDir"], "gcePersistentDisk": [2, "gcePersistentDisk"],
	"awsElasticBlockStore": [3, "awsElasticBlockStore"], "gitRepo": [4, "gitRepo"], "secret": [5, "secret"],
	"nfs": [6, "nfs"], "iscsi": [7, "iscsi"], "glusterfs": [8, "glusterfs"],
	"persistentVolumeClaim": [9, "persistentVolumeClaim"], "rbd": [10, "rbd"], "flexVolume": [11, "flexVolume"],
	"cinder": [12, "cinder"], "cephfs": [13, "cephFS"], "flocker": [14, "flocker"],
	"downwardAPI": [15, "downwardAPI"], "fc": [16, "fc"], "azureFile": [17, "azureFile"],
	"configMap": [18, "configMap"], "vsphereVolume": [19, "vsphereVolume"], "quobyte": [20, "quobyte"],
	"azureDisk": [21, "azureDisk"], "photonPersistentDisk": [22, "photonPersistentDisk"], "storageos": [23, "storageos"],
	"projected": [24, "projected"], "portworxVolume": [25, "portworxVolume"], "scaleIO": [26, "scaleIO"],
	"csi": [27, "csi"], "ephemeral": [28, "ephemeral"], "image": [29, "image"],
}

# the same types, by all keys of a volume with a name and one source
_types_of := {
	"hostPath name": "hostPath", "emptyDir name": "emptyDir", "gcePersistentDisk name": "gcePersistentDisk",
	"awsElasticBlockStore name": "awsElasticBlockStore", "gitRepo name": "gitRepo", "name secret": "secret",
	"name nfs": "nfs", "iscsi name": "iscsi", "glusterfs name": "glusterfs",
	"name persistentVolumeClaim": "persistentVolumeClaim", "name rbd": "rbd", "flexVolume name": "flexVolume",
	"cinder name": "cinder", "cephfs name": "cephFS", "flocker name": "flocker",
	"downwardAPI name": "downwardAPI", "fc name": "fc", "azureFile name": "azureFile",
	"configMap name": "configMap", "name vsphereVolume": "vsphereVolume", "name quobyte": "quobyte",
	"azureDisk name": "azureDisk", "name photonPersistentDisk": "photonPersistentDisk", "name storageos": "storageos",
	"name projected": "projected", "name portworxVolume": "portworxVolume", "name scaleIO": "scaleIO",
	"csi name": "csi", "ephemeral name": "ephemeral", "image name": "image",
}
