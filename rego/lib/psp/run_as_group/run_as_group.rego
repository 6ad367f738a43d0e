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
unset contains pod.places[n] if {
	some n, null in _gids
}

# METADATA
# description: |
#   violations under MustRunAs and MayRunAs; by_default is the first range's min if
#   the rule is MustRunAs and no range holds it, else null
outside(allowed, by_default) := {[[n + 1, 1], ".securityContext", "Invalid value", [gid], detail] |
	some n, own in _gids
	gid := object.get({null: by_default}, own, own)
	gid != null
	not ranges.holds(allowed, gid)

	# native names no leaf here: the path is that of the securityContext
	detail := sprintf("group %d must be in the ranges: %s", [gid, ranges.ids(allowed)])
}

_gids := [object.get(context, "runAsGroup", _pod_gid) | some context in pod.security_contexts]

_pod_gid := object.get(pod.security_context, "runAsGroup", null)
