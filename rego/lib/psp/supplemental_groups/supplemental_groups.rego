# METADATA
# title: supplementalGroups
# description: |
#   Further groups of the first process of each container. MustRunAs gives a pod
#   without the list the first range's min and refuses an empty list; MayRunAs
#   leaves both alone. Each group outside the ranges is a violation of its own.
#   pkg/security/podsecuritypolicy/group (v1.24.17)
# custom:
#   pod_fields:
#     - spec.securityContext.supplementalGroups
package lib.psp.supplemental_groups

import data.lib.psp.pod
import data.lib.psp.ranges

# METADATA
# description: place of the pod's securityContext, if it has no supplementalGroups
unset := {"/spec/securityContext" | not pod.security_context.supplementalGroups}

# METADATA
# description: the supplementalGroups, if the pod has some
used := {gid | some gid in pod.security_context.supplementalGroups}

# METADATA
# description: violations under MustRunAs and MayRunAs by a group outside the ranges
outside(gid, allowed) := {_outside(i, gid, pod.security_context.supplementalGroups, allowed) |
	some i, used_gid in pod.security_context.supplementalGroups
	used_gid == gid
}

# METADATA
# description: violations under MustRunAs by an unset list, if no range holds the one gid that it becomes
default_outside(gid, allowed) := {_outside(0, gid, [gid], allowed) |
	unset != set()
}

# METADATA
# description: violations under MustRunAs by a list that is there and empty
empty := {[[0, 1], _path, "Invalid value", [], detail] |
	pod.security_context.supplementalGroups == []
	detail := "unable to validate empty groups against required ranges"
}

_outside(i, gid, gids, allowed) := [[0, 1, i], _path, "Invalid value", gids, detail] if {
	detail := sprintf("group %s must be in the ranges: %s", [format_int(gid, 10), ranges.ids(allowed)])
}

_path := "spec.securityContext.supplementalGroups"
