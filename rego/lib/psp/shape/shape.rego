# METADATA
# title: shape
# description: |
#   Whether the pod has the shape that the checks rely on. The API server sends
#   well-formed pods only; anything else is refused, because a rule over a field
#   of another type would silently see nothing.
package lib.psp.shape

import data.lib.psp.flags
import data.lib.psp.pod
import data.lib.psp.request

# METADATA
# description: true when the pod can be judged
sound if {
	request.review.object.kind == "Pod"
	pod.well_formed
	is_array(pod.spec.containers)
	is_array(object.get(pod.spec, "initContainers", []))
	is_array(object.get(pod.spec, "ephemeralContainers", []))
	is_array(object.get(pod.spec, "volumes", []))
	is_object(object.get(request.review.object.metadata, "annotations", {}))
	count(_listing) == count(pod.containers)
	_types_within - {["boolean", "boolean"], ["string", "string"], ["list", "array"], ["element", "object"]} == set()
} else if not problem

# METADATA
# description: why the pod cannot be judged; undefined when it can
problem := "the request has no object" if {
	not _has_object
} else := "the object is no Pod" if {
	object.get(request.review.object, "kind", "Pod") != "Pod"
} else := "the object has no metadata or no spec" if {
	not _has_parts
} else := sprintf("wrong type: %s", [concat(", ", _wrong)]) if {
	count(_wrong) > 0
}

_has_object if is_object(request.review.object)

_has_parts if {
	is_object(request.review.object.metadata)
	is_object(request.review.object.spec)
}

# An entry for each container whose ports and volumeMounts are lists of objects: the builtins take nothing else.
_listing := [merged |
	some container in pod.containers
	merged := object.union_n(array.concat(object.get(container, "ports", []), object.get(container, "volumeMounts", [])))
]

# what else checks look into, with its type
_types_within := _flag_types if {
	pod.touched & {"annotations", "capabilities", "sysctls"} == set()
} else := _flag_types | (_annotation_types | _entry_types)

_flag_types := {["boolean", type_name(value)] | some [_, value] in flags.used}

_annotation_types := {["string", type_name(value)] | some value in pod.annotations}

_entry_types := {["list", type_name(names)] |
	some context in pod.security_contexts
	some names in context.capabilities
} | {["element", type_name(sysctl)] | some sysctl in pod.security_context.sysctls}

_lists := array.concat(
	[list | some container in pod.containers; some key in ["ports", "volumeMounts"]; list := container[key]],
	[pod.security_context.sysctls | pod.security_context.sysctls],
)

_wrong := (({sprintf("%s is no %s", [field, _types[field]]) |
	some part in _parts
	some field, value in part
	value != null
	type_name(value) != _types[field]
} | {sprintf("%s is no object", [pod.paths[n]]) |
	some n, container in pod.containers
	not is_object(container)
}) | {"an annotation is no string" |
	some value in pod.annotations
	not is_string(value)
}) | {"an entry of ports, volumeMounts or sysctls is no object" |
	some list in _lists
	some element in list
	not is_object(element)
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
		array.concat(
			[container | some container in pod.containers],
			[object.filter(pod.spec, ["hostIPC", "hostNetwork", "hostPID"])],
		),
	),
)

_types := {
	"add": "array",
	"allowPrivilegeEscalation": "boolean",
	"annotations": "object",
	"capabilities": "object",
	"containers": "array",
	"drop": "array",
	"ephemeralContainers": "array",
	"fsGroup": "number",
	"hostIPC": "boolean",
	"hostNetwork": "boolean",
	"hostPID": "boolean",
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
