// SPDX-License-Identifier: Apache-2.0

package cases

import "slices"

// volumes varies the types of the pod's volumes (section D6). Paths and drivers are other checks'.
func volumes() check {
	return check{
		name:    "volumes",
		weight:  3,
		narrows: func(p *Policy) bool { return !slices.Contains(p.Spec.Volumes, "*") },
		narrow:  narrowVolumes,
		comply: func(g *gen, p *Policy, pod pod) {
			removeVolumes(pod, func(string) bool { return true })
			if !allowsVolume(p, "projected") && !allowsVolume(p, "secret") {
				pod.spec()["automountServiceAccountToken"] = false // else the API adds such a volume
			}
			for _, kind := range some(g, 0, 2, volumeTypes()...) {
				if g.chance(g.settings.Use) && allowsVolume(p, kind) && !hasOwnCheck(kind) {
					g.addVolume(pod, kind, volumeSource(kind))
				}
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			if g.chance(0.35) {
				g.addVolume(pod, "projected", Object{"sources": g.projection()})
				return
			}
			if g.chance(0.15) {
				g.addTwoSources(pod)
				return
			}
			kind := pick(g, volumeTypes()...)
			if g.chance(0.3) { // listed by the policy, as far as it lists types that exist
				kind = pick(g, slices.Concat(p.Spec.Volumes, []string{"secret"})...)
				if !slices.Contains(volumeTypes(), kind) {
					kind = "emptyDir"
				}
			}
			g.addVolume(pod, kind, volumeSource(kind))
			if g.chance(0.1) { // no source at all counts as emptyDir
				add(pod.spec(), "volumes", Object{"name": "sourceless"})
			}
		},
	}
}

// volumeTypes are the names that policies use (pkg/apis/policy/types.go, v1.24.17).
func volumeTypes() []string {
	return []string{
		"hostPath", "emptyDir", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "secret", "nfs", "iscsi",
		"glusterfs", "persistentVolumeClaim", "rbd", "flexVolume", "cinder", "cephFS", "flocker", "downwardAPI", "fc",
		"azureFile", "configMap", "vsphereVolume", "quobyte", "azureDisk", "photonPersistentDisk", "storageos",
		"projected", "portworxVolume", "scaleIO", "csi", "ephemeral",
	}
}

// hasOwnCheck says whether a type has a list of its own in the policy.
func hasOwnCheck(kind string) bool {
	return kind == "hostPath" || kind == "flexVolume" || kind == "csi"
}

func allowsVolume(p *Policy, kind string) bool {
	return slices.Contains(p.Spec.Volumes, kind) || slices.Contains(p.Spec.Volumes, "*")
}

func narrowVolumes(g *gen, p *Policy) {
	p.Spec.Volumes = some(g, 0, 8, volumeTypes()...)
	if g.chance(0.6) { // the usual ones, so that service account tokens pass
		p.Spec.Volumes = some(g, 2, 6, "secret", "configMap", "emptyDir", "projected", "downwardAPI",
			"persistentVolumeClaim", "hostPath", "csi", "flexVolume", "ephemeral")
	}
	if g.odd() {
		p.Spec.Volumes = append(p.Spec.Volumes, pick(g, "*", "none", "cephfs", "hostpath", "", "secret", "EmptyDir"))
	}
}

// volumeSource is a valid source of the type, in the spelling of pods.
func volumeSource(kind string) Object {
	switch kind {
	case "hostPath":
		return Object{"path": "/var/data"}
	case "gcePersistentDisk":
		return Object{"pdName": "d"}
	case "awsElasticBlockStore", "cinder":
		return Object{"volumeID": "v"}
	case "gitRepo":
		return Object{"repository": "https://git.example/r"}
	case "secret":
		return Object{"secretName": "s"}
	case "nfs":
		return Object{"server": "nfs.example", "path": "/e"}
	case "iscsi":
		return Object{"targetPortal": "10.0.0.1:3260", "iqn": "iqn.2001-04.com.example:a", "lun": 0}
	case "glusterfs":
		return Object{"endpoints": "e", "path": "p"}
	case "persistentVolumeClaim":
		return Object{"claimName": "c"}
	case "rbd":
		return Object{"monitors": []any{"m"}, "image": "i"}
	case "flexVolume":
		return Object{"driver": "example/a"}
	case "cephFS":
		return Object{"monitors": []any{"m"}}
	case "flocker":
		return Object{"datasetName": "d"}
	case "fc":
		return Object{"targetWWNs": []any{"w"}, "lun": 0}
	case "azureFile":
		return Object{"secretName": "s", "shareName": "s"}
	case "configMap":
		return Object{"name": "c"}
	case "vsphereVolume":
		return Object{"volumePath": "/v"}
	case "quobyte":
		return Object{"registry": "r:1", "volume": "v"}
	case "azureDisk":
		return Object{"diskName": "d", "diskURI": "https://d.example"}
	case "photonPersistentDisk":
		return Object{"pdID": "p"}
	case "projected":
		return Object{"sources": []any{Object{"secret": Object{"name": "s"}}}}
	case "portworxVolume":
		return Object{"volumeID": "v"}
	case "scaleIO":
		return Object{"gateway": "g", "system": "s", "secretRef": Object{"name": "s"}, "volumeName": "v"}
	case "csi":
		return Object{"driver": "csi.example"}
	case "ephemeral":
		return Object{"volumeClaimTemplate": Object{"spec": Object{
			"accessModes": []any{"ReadWriteOnce"}, "resources": Object{"requests": Object{"storage": "1Gi"}},
		}}}
	default: // emptyDir, downwardAPI, storageos
		return Object{}
	}
}

// addVolume adds a volume of the type under a free name and, mostly, mounts it.
func (g *gen) addVolume(pod pod, kind string, source Object) string {
	list, _ := pod.spec()["volumes"].([]any)
	name := "v" + string(rune('a'+len(list)%26))
	add(pod.spec(), "volumes", Object{"name": name, field(kind): source})
	if g.chance(0.7) {
		add(g.anyContainer(pod).Object, "volumeMounts", Object{"name": name, "mountPath": "/" + name})
	}
	return name
}

// addTwoSources adds a volume of two types that are neighbours in the order in which the plugin looks for one: it takes the first
// (GetVolumeFSType in pkg/security/podsecuritypolicy/util/util.go, v1.24.17).
func (g *gen) addTwoSources(pod pod) {
	types := volumeTypes()
	i := g.IntN(len(types) - 1)
	add(pod.spec(), "volumes", Object{
		"name": "two", field(types[i]): volumeSource(types[i]), field(types[i+1]): volumeSource(types[i+1]),
	})
}

// field is the field of a pod's volume for a type.
func field(kind string) string {
	if kind == "cephFS" { // the one type that pods spell in another way
		return "cephfs"
	}
	return kind
}

// removeVolumes removes the volumes whose only source is one of those asked for, with their mounts.
func removeVolumes(pod pod, of func(field string) bool) {
	list, _ := pod.spec()["volumes"].([]any)
	gone := map[string]bool{}
	list = slices.DeleteFunc(list, func(item any) bool {
		volume := item.(Object)
		for field := range volume {
			if field != "name" && !of(field) {
				return false
			}
		}
		name, _ := volume["name"].(string)
		gone[name] = true
		return true
	})
	setList(pod.spec(), "volumes", list)
	for _, c := range pod.containers() {
		mounts, _ := c.Object["volumeMounts"].([]any)
		mounts = slices.DeleteFunc(mounts, func(item any) bool {
			name, _ := item.(Object)["name"].(string)
			return gone[name]
		})
		setList(c.Object, "volumeMounts", mounts)
	}
}

func setList(o Object, key string, list []any) {
	if len(list) == 0 {
		delete(o, key)
		return
	}
	o[key] = list
}
