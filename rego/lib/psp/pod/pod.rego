# METADATA
# title: pod
# description: |
#   The pod under review, as every check sees it. Containers are reached only
#   through this package: init, regular and ephemeral ones in this order, each
#   with its index n, its Kubernetes path and the place of its securityContext.
#   An explicit null counts as absent, as it does when Kubernetes decodes it.
package lib.psp.pod

import data.lib.psp.request

# METADATA
# description: the pod's spec
spec := request.review.object.spec

# METADATA
# description: the pod's annotations, {} when it has none
annotations := request.review.object.metadata.annotations if {
	is_object(request.review.object.metadata.annotations)
} else := {}

# METADATA
# description: the pod's securityContext, {} when it has none
security_context := {key: value | some key, value in spec.securityContext; value != null}

# METADATA
# description: all containers, in the order in which native visits them
containers := [container |
	some list in _lists
	some container in spec[list]
]

# METADATA
# description: securityContext of each container, {} when it has none, by the container's index
security_contexts := [{key: value | some key, value in container.securityContext; value != null} |
	some container in containers
]

# METADATA
# description: JSON pointer of each container's securityContext, by the container's index
places := [concat("/", ["/spec", list, format_int(i, 10), "securityContext"]) |
	some list in _lists
	some i, _ in spec[list]
]

# METADATA
# description: JSON pointers of the objects that defaults are written to, if they are there
present contains "/spec"

present contains "/spec/securityContext" if is_object(spec.securityContext)

present contains "/metadata/annotations" if is_object(request.review.object.metadata.annotations)

present contains places[n] if {
	some n, container in containers
	is_object(container.securityContext)
}

# METADATA
# description: Kubernetes path of each container, by the container's index
paths := [sprintf("spec.%s[%d]", [list, i]) |
	some list in _lists
	some i, _ in spec[list]
]

_lists := ["initContainers", "containers", "ephemeralContainers"]
