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
# description: |
#   violations by names that are neither in allowedCapabilities nor in
#   defaultAddCapabilities; rewritten is what merged gives for the policy
not_allowed(allowed, rewritten) := {[[n + 1, 7, item], ".securityContext.capabilities.add", "Invalid value", name, detail] |
	some [n, i, name] in _added
	not name in allowed
	item := _item(object.get(rewritten, pod.places[n], null), i, name)
	detail := "capability may not be added"
}

# METADATA
# description: |
#   capabilities of the containers that required_drop or default_add change, by the
#   place of the container's securityContext
merged(default_add, required_drop) := {pod.places[n]: lists |
	some n, [add, drop] in _sets
	new_add := add | (default_add - drop)
	new_drop := drop | required_drop
	[new_add, new_drop] != [add, drop]
	lists := {list: sort(names) | some list, names in {"add": new_add, "drop": new_drop}; names != set()}
}

# A rewritten list has each name once, in sorted order.
_item(null, i, _) := i

_item(lists, _, name) := name if lists != null

_added contains [n, i, name] if {
	some n, context in pod.security_contexts
	some i, name in context.capabilities.add
}

_sets := [[{name | some name in context.capabilities.add}, {name | some name in context.capabilities.drop}] |
	some context in pod.security_contexts
]
