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
unset contains "/spec/securityContext" if not pod.security_context.supplementalGroups

# METADATA
# description: |
#   violations under MustRunAs and MayRunAs; by_default is the list of the first
#   range's min if the rule is MustRunAs and no range holds it, else empty
outside(allowed, by_default) := {[[0, 1, i], _path, "Invalid value", gids, detail] |
	gids := object.get(pod.security_context, "supplementalGroups", by_default)
	some i, gid in gids
	not ranges.holds(allowed, gid)
	detail := sprintf("group %d must be in the ranges: %s", [gid, ranges.ids(allowed)])
}

# METADATA
# description: violations under MustRunAs by a list that is there and empty
empty contains [[0, 1], _path, "Invalid value", [], detail] if {
	pod.security_context.supplementalGroups == []
	detail := "unable to validate empty groups against required ranges"
}

_path := "spec.securityContext.supplementalGroups"
