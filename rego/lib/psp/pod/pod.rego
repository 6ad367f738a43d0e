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
# description: |
#   all containers, in the order in which native visits them; undefined unless every list of
#   them is a list
containers := list if {
	own := spec
	list := array.concat(
		array.concat(object.get(own, "initContainers", []), own.containers),
		object.get(own, "ephemeralContainers", []),
	)
} else := array.concat(array.concat(_list("initContainers"), _list("containers")), _list("ephemeralContainers"))

_list(name) := [] if {
	object.get(spec, name, null) == null
} else := spec[name]

# METADATA
# description: the pod's securityContext, {} when it has none
security_context := _contexts[0] if {
	well_formed
} else := {field: value | some field, value in _contexts[0]; value != null}

# METADATA
# description: securityContext of each container, {} when it has none, by the container's index
security_contexts := array.slice(contexts, 1, count(contexts)) if {
	well_formed
	contexts := _contexts
} else := [{field: value | some field, value in context; value != null} |
	some i, context in _contexts
	i > 0
]

# METADATA
# description: |
#   the same with the pod's runAsUser, runAsGroup and runAsNonRoot where a container has none of its own
effective_contexts := security_contexts if {
	object.filter(security_context, ["runAsGroup", "runAsNonRoot", "runAsUser"]) == {}
} else := [object.union(inherited, context) |
	inherited := object.filter(security_context, ["runAsGroup", "runAsNonRoot", "runAsUser"])
	some context in security_contexts
]

# METADATA
# description: |
#   names of all fields that a securityContext, the pod's or a container's, sets
context_fields := object.keys(object.union_n(_contexts)) if {
	well_formed
} else := {field |
	some context in _contexts
	some field, value in context
	value != null
}

# METADATA
# description: true when all securityContexts are objects and each field is of the API's type
well_formed if {
	contexts := _contexts
	object.union_n(contexts)
	types := {[field, type_name(value)] | some context in contexts; some field, value in context}
	object.subset(
		{
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
		},
		types,
	)
}

# the pod's securityContext, then the containers'
_contexts := array.concat(
	[object.get(spec, "securityContext", {})],
	[object.get(container, "securityContext", {}) | some container in containers],
)

# METADATA
# description: JSON pointer of each container's securityContext, by the container's index
places := [sprintf("/spec/%s/%d/securityContext", [list, i]) |
	some list in ["initContainers", "containers", "ephemeralContainers"]
	some i, _ in spec[list]
]

# METADATA
# description: Kubernetes path of each container, by the container's index
paths := [sprintf("spec.%s[%d]", [list, i]) |
	some list in ["initContainers", "containers", "ephemeralContainers"]
	some i, _ in spec[list]
]
