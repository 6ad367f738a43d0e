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
# description: violations of a non-empty list of entries {"pathPrefix", "readOnly"}
not_allowed(entries) := _outside(entries) | _writable(entries)

_outside(entries) := {[[0, 8, i], path, "Invalid value", host_path, "is not allowed to be used"] |
	some i, host_path in _host_paths
	count(_modes(host_path, entries)) == 0
	path := sprintf("spec.volumes[%d].hostPath.pathPrefix", [i])
}

_writable(entries) := {[[0, 8, i, n, j], path, "Invalid value", false, "must be read-only"] |
	some i, host_path in _host_paths
	_modes(host_path, entries) == {true}
	some n, container in pod.containers
	some j, mount in container.volumeMounts
	object.get(mount, "name", "") == object.get(pod.spec.volumes[i], "name", "")
	object.get(mount, "readOnly", false) != true
	path := sprintf("%s.volumeMounts[%d].readOnly", [pod.paths[n], j])
}

# readOnly of each entry that holds the path
_modes(host_path, entries) := {entry.readOnly |
	some entry in entries
	_holds(trim_suffix(entry.pathPrefix, "/"), trim_suffix(host_path, "/"))
}

_holds(same, same)

_holds(prefix, host_path) if startswith(host_path, concat("", [prefix, "/"]))

_host_paths[i] := object.get(pod.spec.volumes[i].hostPath, "path", "") if {
	some i, "hostPath" in volumes.types
}
