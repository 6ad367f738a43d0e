# METADATA
# title: patch
# description: |
#   A policy's writes as JSONPatch (RFC 6902). Writes are values by key by place, the
#   JSON pointer of an object that may not be there yet. A securityContext is written
#   as a whole, annotations and the spec key by key.
package lib.psp.patch

import data.lib.psp.choice
import data.lib.psp.pod
import data.lib.psp.policies

# METADATA
# description: operations for what the chosen policy writes, and the annotation with its name
operations := array.concat(
	_annotate(object.union(object.get(writes, "/metadata/annotations", {}), {"kubernetes.io/psp": choice.admit})),
	array.concat(
		[{"op": "add", "path": place, "value": object.union(pod.contexts_by_place[place], values)} |
			some place, values in writes
		],
		[{"op": "add", "path": concat("/", ["/spec", key]), "value": value} |
			some key, value in writes["/spec"]
		],
	),
) if {
	writes := policies[choice.admit].writes
}

_annotate(annotations) := [{"op": "add", "path": "/metadata/annotations", "value": annotations}] if {
	pod.annotations == {}
} else := [{"op": "add", "path": path, "value": value} |
	some key, value in annotations
	path := concat("/", ["/metadata/annotations", strings.replace_n({"~": "~0", "/": "~1"}, key)])
]
