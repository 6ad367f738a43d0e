# METADATA
# title: capabilities
# description: |
#   Capabilities a container adds and drops, by their literal names. The policy's
#   requiredDropCapabilities are added to the drops, and its
#   defaultAddCapabilities to the adds unless the container drops them; if that
#   changes either set, both lists are rewritten, sorted and without duplicates.
#   pkg/security/podsecuritypolicy/capabilities (v1.24.17)
# custom:
#   pod_fields:
#     - spec.containers[*].securityContext.capabilities
package lib.psp.capabilities

import data.lib.psp.pod

# METADATA
# description: names of all capabilities that containers add
used := {name |
	some context in pod.security_contexts
	some name in context.capabilities.add
}

# METADATA
# description: |
#   violations by a name that is neither in allowedCapabilities nor in
#   defaultAddCapabilities; rewritten is what merged gives for the policy
not_allowed(name, rewritten) := {[[n + 1, 7, item], path, "Invalid value", name, detail] |
	some n, context in pod.security_contexts
	some i, added in context.capabilities.add
	added == name
	item := _item(object.get(rewritten, pod.places[n], null), i, name)
	path := ".securityContext.capabilities.add"
	detail := "capability may not be added"
}

# METADATA
# description: |
#   what required_drop and default_add change, as writes; lists are both as a container
#   without capabilities gets them
merged(default_add, required_drop, lists) := {place: value |
	value := {"capabilities": lists}
	some place in pod.places
} if {
	not "capabilities" in pod.context_fields
} else := object.union(
	{pod.places[n]: value |
		value := {"capabilities": lists}
		some n, context in pod.security_contexts
		not context.capabilities
	},
	{pod.places[n]: {"capabilities": _lists(add | missing, drop | required_drop)} |
		some n, context in pod.security_contexts
		context.capabilities
		add := {name | some name in context.capabilities.add}
		drop := {name | some name in context.capabilities.drop}
		missing := (default_add - drop) - add
		count(missing | (required_drop - drop)) > 0
	},
)

_lists(add, drop) := {"add": sort(add), "drop": sort(drop)} if {
	count(add) > 0
	count(drop) > 0
} else := {"add": sort(add)} if {
	count(add) > 0
} else := {"drop": sort(drop)}

# A rewritten list has each name once, in sorted order.
_item(null, i, _) := i

_item(lists, _, name) := name if lists != null
