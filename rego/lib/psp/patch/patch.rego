# METADATA
# title: patch
# description: |
#   A policy's writes as JSONPatch (RFC 6902). Writes are values by key by place, the
#   JSON pointer of an object that may not be there yet. A securityContext is written
#   as a whole, annotations and the spec key by key.
package lib.psp.patch

import data.lib.psp.pod

# METADATA
# description: operations for a policy's writes and the annotation with its name
operations(writes, name) := array.concat(
	_annotate(object.union(object.get(writes, "/metadata/annotations", {}), {"kubernetes.io/psp": name})),
	array.concat(
		[{"op": "add", "path": place, "value": object.union(context, writes[place])} |
			some place, context in pod.contexts_by_place
		],
		[{"op": "add", "path": concat("/", ["/spec", key]), "value": value} |
			some key, value in writes["/spec"]
		],
	),
)

_annotate(annotations) := [{"op": "add", "path": path, "value": value} |
	some key, value in annotations
	path := concat("/", ["/metadata/annotations", strings.replace_n({"~": "~0", "/": "~1"}, key)])
] if {
	count(pod.annotations) > 0
} else := [{"op": "add", "path": "/metadata/annotations", "value": annotations}]
