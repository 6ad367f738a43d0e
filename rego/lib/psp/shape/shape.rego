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
	count(_wrong) > 0
}

_has_parts if {
	is_object(request.review.object.metadata)
	is_object(request.review.object.spec)
}

_wrong := {sprintf("%s is no %s", [field, _types[field]]) |
	some [field, type] in (_seen - _right)
	type != "null"
	_types[field]
}

_seen := {[field, type_name(value)] |
	some part in _parts
	some field, value in part
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

# _types as pairs
_right := {
	["add", "array"],
	["allowPrivilegeEscalation", "boolean"],
	["annotations", "object"],
	["capabilities", "object"],
	["container", "object"],
	["containers", "array"],
	["drop", "array"],
	["ephemeralContainers", "array"],
	["fsGroup", "number"],
	["initContainers", "array"],
	["podSecurityContext", "object"],
	["ports", "array"],
	["privileged", "boolean"],
	["procMount", "string"],
	["readOnlyRootFilesystem", "boolean"],
	["runAsGroup", "number"],
	["runAsNonRoot", "boolean"],
	["runAsUser", "number"],
	["seLinuxOptions", "object"],
	["seccompProfile", "object"],
	["securityContext", "object"],
	["supplementalGroups", "array"],
	["sysctls", "array"],
	["volumeMounts", "array"],
	["volumes", "array"],
}
