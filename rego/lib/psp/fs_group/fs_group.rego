# METADATA
# title: fsGroup
# description: |
#   The group that owns the pod's volumes. MustRunAs gives a pod without one the
#   first range's min; MayRunAs leaves it alone. fsGroupChangePolicy is free.
#   pkg/security/podsecuritypolicy/group (v1.24.17)
# custom:
#   pod_fields:
#     - spec.securityContext.fsGroup
package lib.psp.fs_group

import data.lib.psp.pod
import data.lib.psp.ranges

# METADATA
# description: place of the pod's securityContext, if it has no fsGroup
unset := {"/spec/securityContext" | not pod.security_context.fsGroup}

# METADATA
# description: the fsGroup, if the pod has one
used := {gid | gid := pod.security_context.fsGroup}

# METADATA
# description: violations under MustRunAs and MayRunAs by a group outside the ranges
outside(gid, allowed) := {_outside(gid, allowed) |
	gid == pod.security_context.fsGroup
}

# METADATA
# description: violations under MustRunAs by an unset group, if no range holds the gid that it becomes
default_outside(gid, allowed) := {_outside(gid, allowed) |
	unset != set()
}

_outside(gid, allowed) := [[0, 0], "spec.securityContext.fsGroup", "Invalid value", [gid], detail] if {
	detail := sprintf("group %s must be in the ranges: %s", [format_int(gid, 10), ranges.ids(allowed)])
}
