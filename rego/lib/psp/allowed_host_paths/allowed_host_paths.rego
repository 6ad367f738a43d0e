# METADATA
# title: allowedHostPaths
# description: |
#   Host paths a pod may mount, by prefix at a path segment boundary; at most one
#   trailing slash is cut off on either side, and nothing else is cleaned. If only
#   readOnly entries match, every mount of the volume must be read-only.
#   AllowsHostVolumePath in pkg/security/podsecuritypolicy/util/util.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.volumes[*].hostPath.path
#     - spec.containers[*].volumeMounts
package lib.psp.allowed_host_paths

import data.lib.psp.pod
import data.lib.psp.volumes

# METADATA
# description: paths of all hostPath volumes
used := {object.get(volume, ["hostPath", "path"], "") |
	some i, "hostPath" in volumes.types
	volume := pod.spec.volumes[i]
}

# METADATA
# description: true when a non-empty list of entries {"pathPrefix", "readOnly"} allows what the pod does with a path
allows(path, entries) if false in _modes(path, entries)

allows(path, entries) if {
	_modes(path, entries) == {true}
	_writable(path) == set()
}

# METADATA
# description: violations by a path that the entries do not allow
not_allowed(path, entries) := _outside(path) if {
	count(_modes(path, entries)) == 0
} else := _writable(path)

_outside(path) := {[[0, 8, i], field, "Invalid value", path, "is not allowed to be used"] |
	some i, used_path in _paths
	used_path == path
	field := sprintf("spec.volumes[%d].hostPath.pathPrefix", [i])
}

_writable(path) := {[[0, 8, i, n, j], field, "Invalid value", false, "must be read-only"] |
	some i, used_path in _paths
	used_path == path
	some n, container in pod.containers
	some j, mount in container.volumeMounts
	object.get(mount, "name", "") == object.get(pod.spec.volumes[i], "name", "")
	object.get(mount, "readOnly", false) != true
	field := sprintf("%s.volumeMounts[%d].readOnly", [pod.paths[n], j])
}

# readOnly of each entry that holds the path
_modes(path, entries) := {entry.readOnly |
	some entry in entries
	_holds(trim_suffix(entry.pathPrefix, "/"), trim_suffix(path, "/"))
}

_holds(same, same)

_holds(prefix, path) if startswith(path, concat("", [prefix, "/"]))

_paths[i] := object.get(pod.spec.volumes[i], ["hostPath", "path"], "") if {
	some i, "hostPath" in volumes.types
}
