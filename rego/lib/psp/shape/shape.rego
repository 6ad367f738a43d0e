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
# description: true when the pod can be judged
sound if {
	request.review.object.kind == "Pod"
	pod.well_formed
	object.subset(
		{["hostIPC", "boolean"], ["hostNetwork", "boolean"], ["hostPID", "boolean"], ["volumes", "array"]},
		{[field, type_name(value)] |
			some field, value in object.filter(pod.spec, ["hostIPC", "hostNetwork", "hostPID", "volumes"])
		},
	)
	annotations := object.get(request.review.object.metadata, "annotations", {})
	is_object(annotations)

	# the builtins take nothing but strings, and lists of objects
	concat("", [value | some value in annotations])
	containers := pod.containers
	lists := [object.union_n(array.concat(object.get(container, "ports", []), object.get(container, "volumeMounts", []))) |
		some container in containers
	]
	count(lists) == count(containers)
	_entries_sound
} else if not problem

_entries_sound if {
	pod.context_fields & {"capabilities", "sysctls"} == set()
} else if {
	object.subset({"array"}, {type_name(names) |
		some context in pod.security_contexts
		some names in context.capabilities
	})
	object.subset({"object"}, {type_name(sysctl) | some sysctl in pod.security_context.sysctls})
}

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
