# METADATA
# title: patch
# description: |
#   A policy's writes as JSONPatch (RFC 6902). Writes are values by key by place, the
#   JSON pointer of an object that may not be there yet. A securityContext and the
#   annotations are written as a whole, the spec key by key.
package lib.psp.patch

import data.lib.psp.choice
import data.lib.psp.pod
import data.lib.psp.policies
import data.lib.psp.server

# METADATA
# description: |
#   operations for what the chosen policy writes and what the API server does no longer, and the
#   annotation with the policy's name
operations := array.concat(
	[{"op": "add", "path": "/metadata/annotations", "value": object.union_n([
		pod.annotations,
		object.get(writes, "/metadata/annotations", {}),
		{"kubernetes.io/psp": choice.admit},
	])}],
	array.concat(
		[{"op": "add", "path": places[n], "value": object.union(context, values)} |
			some n, context in pod.security_contexts
			values := writes[places[n]]
		],
		array.concat(
			[{"op": "add", "path": "/spec/securityContext", "value": object.union(pod.security_context, values)} |
				values := writes["/spec/securityContext"]
			],
			[{"op": "add", "path": concat("/", ["/spec", key]), "value": value} |
				some key, value in writes["/spec"]
			],
		),
	),
) if {
	writes := object.union(policies[choice.admit].writes, server.completion)
	places := pod.places
}
