# METADATA
# title: update
# description: |
#   Updates that native leaves alone: those that change nothing but
#   ownerReferences, finalizers, selfLink and managedFields. Equality is
#   Kubernetes' semantic one: an empty list is an absent one, and quantities
#   compare by value.
#   IsOnlyMutatingGCFields in pkg/registry/rbac/helpers.go (v1.24.17)
package lib.psp.update

import data.lib.psp.request

# METADATA
# description: true when the request is such an update
ignored if {
	request.review.operation == "UPDATE"
	is_object(request.review.oldObject)
	_new == _old
}

ignored if {
	request.review.operation == "UPDATE"
	is_object(request.review.oldObject)
	_new != _old
	every difference in _differences { _same_quantity(difference) }
}

_new := _judged(request.review.object)

_old := _judged(request.review.oldObject)

_judged(pod) := object.union(
	object.remove(pod, ["metadata"]),
	{"metadata": object.remove(pod.metadata, ["finalizers", "managedFields", "ownerReferences", "selfLink"])},
)

# places at which the two differ, with both values (null where one has none)
_differences := {[path, object.get(new, [path], null), object.get(old, [path], null)] |
	new := _leaves(_new)
	old := _leaves(_old)
	some path in (object.keys(new) | object.keys(old))
	object.get(new, [path], null) != object.get(old, [path], null)
}

_leaves(pod) := {path: value |
	walk(pod, [path, value])
	value != null
	value != []
	not _inner(value)
}

_inner(value) if {
	type_name(value) in {"array", "object"}
	count(value) > 0
}

_same_quantity([path, new, old]) if {
	_is_quantity(path)
	_nano(new) == _nano(old)
}

_is_quantity(["spec", "overhead", _])

_is_quantity(path) if {
	path[0] == "spec"
	path[count(path) - 3] == "resources"
	path[count(path) - 2] in {"limits", "requests"}
}

_is_quantity(path) if {
	path[0] == "spec"
	array.slice(path, count(path) - 2, count(path)) in {["emptyDir", "sizeLimit"], ["resourceFieldRef", "divisor"]}
}

# A quantity as the API server writes it, a whole number and a suffix, in nano units.
_nano(quantity) := to_number(number) * _nanos[suffix] if {
	[_, number, suffix] := regex.find_all_string_submatch_n(`^(-?[0-9]+)(.*)$`, quantity, 1)[0]
}

_nanos := {
	"n": 1,
	"u": 1000,
	"m": 1000000,
	"": 1000000000,
	"k": 1000000000000,
	"M": 1000000000000000,
	"G": 1000000000000000000,
	"T": 1000000000000000000000,
	"P": 1000000000000000000000000,
	"E": 1000000000000000000000000000,
	"Ki": 1024000000000,
	"Mi": 1048576000000000,
	"Gi": 1073741824000000000,
	"Ti": 1099511627776000000000,
	"Pi": 1125899906842624000000000,
	"Ei": 1152921504606846976000000000,
	"e-9": 1,
	"e-6": 1000,
	"e-3": 1000000,
	"e0": 1000000000,
	"e3": 1000000000000,
	"e6": 1000000000000000,
	"e9": 1000000000000000000,
	"e12": 1000000000000000000000,
	"e15": 1000000000000000000000000,
	"e18": 1000000000000000000000000000,
	"e21": 1000000000000000000000000000000,
	"e24": 1000000000000000000000000000000000,
}
