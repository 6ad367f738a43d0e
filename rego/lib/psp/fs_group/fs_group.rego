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
unset contains "/spec/securityContext" if _gid == null

# METADATA
# description: |
#   violations under MustRunAs and MayRunAs; by_default is the first range's min if
#   the rule is MustRunAs and no range holds it, else null
outside(allowed, by_default) := {[[0, 0], "spec.securityContext.fsGroup", "Invalid value", [gid], detail] |
	gid := object.get({null: by_default}, _gid, _gid)
	gid != null
	not ranges.holds(allowed, gid)
	detail := sprintf("group %d must be in the ranges: %s", [gid, ranges.ids(allowed)])
}

_gid := object.get(pod.security_context, "fsGroup", null)
