# METADATA
# title: runAsGroup
# description: |
#   The primary group a container runs as: its own runAsGroup, else the pod's.
#   MustRunAs gives containers without one the first range's min; MayRunAs
#   leaves them alone. A policy without the field allows any group.
#   pkg/security/podsecuritypolicy/group (v1.24.17)
# custom:
#   pod_fields:
#     - spec.securityContext.runAsGroup
#     - spec.containers[*].securityContext.runAsGroup
package lib.psp.run_as_group

import data.lib.psp.pod
import data.lib.psp.ranges

# METADATA
# description: places of the containers without an effective runAsGroup
unset := {pod.places[n] |
	some n, context in pod.effective_contexts
	not context.runAsGroup
}

# METADATA
# description: effective runAsGroup of all containers that have one
used := {context.runAsGroup | some context in pod.effective_contexts}

# METADATA
# description: violations under MustRunAs and MayRunAs by a group outside the ranges
outside(gid, allowed) := {_outside(n, gid, allowed) |
	some n, context in pod.effective_contexts
	context.runAsGroup == gid
}

# METADATA
# description: violations under MustRunAs by unset groups, if no range holds the gid that they become
default_outside(gid, allowed) := {_outside(n, gid, allowed) |
	some n, context in pod.effective_contexts
	not context.runAsGroup
}

# Native names no leaf here: the path is that of the securityContext.
_outside(n, gid, allowed) := [[n + 1, 1], ".securityContext", "Invalid value", [gid], detail] if {
	detail := sprintf("group %s must be in the ranges: %s", [format_int(gid, 10), ranges.ids(allowed)])
}
