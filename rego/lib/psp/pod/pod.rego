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
security_context := _contexts[0] if {
	well_formed
} else := {field: value | some field, value in _contexts[0]; value != null}

# METADATA
# description: all containers, in the order in which native visits them
containers := spec.containers if {
	not spec.initContainers
	not spec.ephemeralContainers
} else := [container |
	some list in _lists
	some container in spec[list]
]

# METADATA
# description: securityContext of each container, {} when it has none, by the container's index
security_contexts := array.slice(_contexts, 1, count(_contexts)) if {
	well_formed
} else := [{field: value | some field, value in context; value != null} |
	some i, context in _contexts
	i > 0
]

# METADATA
# description: |
#   [field, type] of every field that a securityContext, the pod's or a container's, sets:
#   with it a check passes over what is set nowhere
field_types := {[field, type_name(value)] |
	some context in _contexts
	some field, value in context
}

# METADATA
# description: names of those fields, and annotations if the pod has some
touched := {field | some [field, type] in field_types; type != "null"} | {"annotations" | annotations != {}}

# METADATA
# description: true when all securityContexts are objects and each field is of the API's type
well_formed if {
	object.union_n(_contexts)
	count(_contexts) == count(containers) + 1
	field_types - {
		["allowPrivilegeEscalation", "boolean"],
		["appArmorProfile", "object"],
		["capabilities", "object"],
		["fsGroup", "number"],
		["fsGroupChangePolicy", "string"],
		["privileged", "boolean"],
		["procMount", "string"],
		["readOnlyRootFilesystem", "boolean"],
		["runAsGroup", "number"],
		["runAsNonRoot", "boolean"],
		["runAsUser", "number"],
		["seLinuxChangePolicy", "string"],
		["seLinuxOptions", "object"],
		["seccompProfile", "object"],
		["supplementalGroups", "array"],
		["supplementalGroupsPolicy", "string"],
		["sysctls", "array"],
		["windowsOptions", "object"],
	} == set()
}

# the pod's securityContext, then the containers'
_contexts := array.concat(
	[object.get(spec, "securityContext", {})],
	[object.get(container, "securityContext", {}) | some container in containers],
)

# METADATA
# description: JSON pointer of each container's securityContext, by the container's index
places := [sprintf("/spec/%s/%d/securityContext", [list, i]) |
	some list in _lists
	some i, _ in spec[list]
]

# METADATA
# description: every securityContext, the pod's and the containers', by its JSON pointer
contexts_by_place := object.union(
	{"/spec/securityContext": security_context},
	{places[n]: context | some n, context in security_contexts},
)

# METADATA
# description: Kubernetes path of each container, by the container's index
paths := [sprintf("spec.%s[%d]", [list, i]) |
	some list in _lists
	some i, _ in spec[list]
]

_lists := ["initContainers", "containers", "ephemeralContainers"]
