# METADATA
# title: shape
# description: |
#   Whether the pod has the shape that the checks rely on. The API server sends
#   well-formed pods only; anything else is refused, because a rule over a field
#   of another type would silently see nothing.
package lib.psp.shape

import data.lib.psp.pod
import data.lib.psp.request

# METADATA
# description: why the pod cannot be judged; undefined when it can
problem := "the request has no object" if {
	not is_object(request.review.object)
} else := "the object is no Pod" if {
	object.get(request.review.object, "kind", "Pod") != "Pod"
} else := "the object has no metadata or no spec" if {
	not _has_parts
} else := sprintf("wrong type: %s", [concat(", ", _wrong)]) if {
	not _sound
	count(_wrong) > 0
}

_has_parts if {
	is_object(request.review.object.metadata)
	is_object(request.review.object.spec)
}

# A quick look, by builtins that take one type only; whoever fails it is looked at in detail.
_sound if {
	array.concat(object.get(pod.spec, "ephemeralContainers", []), object.get(pod.spec, "volumes", []))
	is_array(object.get(pod.spec, "initContainers", []))
	is_array(pod.spec.containers)
	object.union(object.get(pod.spec, "securityContext", {}), object.get(request.review.object.metadata, "annotations", {}))
	object.union_n(pod.security_contexts)
	pod.field_types - _right == set()
	_capability_types - _right == set()
	_port_types - {"array"} == set()
}

_port_types := {type_name(object.get(container, "ports", [])) | some container in pod.containers}

_capability_types := {[list, type_name(names)] |
	some context in pod.security_contexts
	some list, names in context.capabilities
}

_wrong := {sprintf("%s is no %s", [field, _types[field]]) |
	some part in _parts
	some field, value in part
	value != null
	type_name(value) != _types[field]
}

_parts := array.concat(
	[
		{
			"annotations": object.get(request.review.object.metadata, "annotations", null),
			"containers": object.get(pod.spec, "containers", null),
			"ephemeralContainers": object.get(pod.spec, "ephemeralContainers", null),
			"initContainers": object.get(pod.spec, "initContainers", null),
			"podSecurityContext": object.get(pod.spec, "securityContext", null),
			"volumes": object.get(pod.spec, "volumes", null),
		},
		pod.security_context,
	],
	array.concat(
		array.concat(pod.security_contexts, [context.capabilities | some context in pod.security_contexts]),
		[object.get({true: container}, is_object(container), {"container": container}) | some container in pod.containers],
	),
)

_types := {
	"add": "array",
	"allowPrivilegeEscalation": "boolean",
	"annotations": "object",
	"capabilities": "object",
	"container": "object",
	"containers": "array",
	"drop": "array",
	"ephemeralContainers": "array",
	"fsGroup": "number",
	"initContainers": "array",
	"podSecurityContext": "object",
	"ports": "array",
	"privileged": "boolean",
	"procMount": "string",
	"readOnlyRootFilesystem": "boolean",
	"runAsGroup": "number",
	"runAsNonRoot": "boolean",
	"runAsUser": "number",
	"seLinuxOptions": "object",
	"seccompProfile": "object",
	"securityContext": "object",
	"supplementalGroups": "array",
	"sysctls": "array",
	"volumeMounts": "array",
	"volumes": "array",
}

# what securityContexts and their capabilities may hold without a second look
_right := {
	["add", "array"],
	["capabilities", "object"],
	["drop", "array"],
	["allowPrivilegeEscalation", "boolean"],
	["fsGroup", "number"],
	["privileged", "boolean"],
	["procMount", "string"],
	["readOnlyRootFilesystem", "boolean"],
	["runAsGroup", "number"],
	["runAsNonRoot", "boolean"],
	["runAsUser", "number"],
	["seLinuxOptions", "object"],
	["seccompProfile", "object"],
	["supplementalGroups", "array"],
	["sysctls", "array"],
	["appArmorProfile", "object"],
	["fsGroupChangePolicy", "string"],
	["seLinuxChangePolicy", "string"],
	["supplementalGroupsPolicy", "string"],
	["windowsOptions", "object"],
}
