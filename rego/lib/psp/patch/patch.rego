# METADATA
# title: patch
# description: |
#   A policy's writes as JSONPatch (RFC 6902). Writes are values by key by place, the
#   JSON pointer of an object. All writes to one place become one operation where
#   the object is missing, and one each where it is there.
package lib.psp.patch

import data.lib.psp.pod

# METADATA
# description: operations for a policy's writes and the annotation with its name
operations(writes, name) := [operation |
	some place, values in object.union(writes, {"/metadata/annotations": annotations})
	some operation in _operations(place, values)
] if {
	own := object.get(writes, "/metadata/annotations", {})
	annotations := object.union(own, {"kubernetes.io/psp": name})
}

_operations(place, values) := [{"op": "add", "path": path, "value": value} |
	some key, value in values
	path := concat("/", [place, strings.replace_n({"~": "~0", "/": "~1"}, key)])
] if {
	place in pod.present
} else := [{"op": "add", "path": place, "value": values}]
