# METADATA
# title: runAsUser
# description: |
#   The user a container runs as: its own runAsUser, else the pod's. MustRunAs
#   gives containers without one the first range's min; MustRunAsNonRoot sets
#   runAsNonRoot where nothing says who the user is.
#   pkg/security/podsecuritypolicy/user (v1.24.17)
# custom:
#   pod_fields:
#     - spec.securityContext.runAsUser
#     - spec.securityContext.runAsNonRoot
#     - spec.containers[*].securityContext.runAsUser
#     - spec.containers[*].securityContext.runAsNonRoot
package lib.psp.run_as_user

import data.lib.psp.pod
import data.lib.psp.ranges

# METADATA
# description: places of the containers without an effective runAsUser
unset := {pod.places[n] |
	some n, null in _uids
}

# METADATA
# description: places of the containers with neither an effective runAsUser nor an effective runAsNonRoot
undecided := {place | some place in pod.places} if {
	pod.touched & {"runAsNonRoot", "runAsUser"} == set()
} else := {pod.places[n] |
	some n, null in _uids
	_non_roots[n] == null
}

# METADATA
# description: effective runAsUser of all containers that have one
used := {uid | some uid in _uids; uid != null}

# METADATA
# description: violations under MustRunAs by a user outside the ranges
must_run_as(uid, allowed) := {_outside(n, uid, allowed) |
	some n, used_uid in _uids
	used_uid == uid
}

# METADATA
# description: violations under MustRunAs by unset users, if no range holds the uid that they become
default_outside(uid, allowed) := {_outside(n, uid, allowed) |
	some n, null in _uids
}

_outside(n, uid, allowed) := [[n + 1, 0], ".securityContext.runAsUser", "Invalid value", uid, detail] if {
	detail := sprintf("must be in the ranges: %s", [ranges.ids(allowed)])
}

# METADATA
# description: violations under MustRunAsNonRoot
must_run_as_non_root := set() if {
	pod.touched & {"runAsNonRoot", "runAsUser"} == set()
} else := _marked_root | {[[n + 1, 0], ".securityContext.runAsUser", "Invalid value", uid, detail] |
	some n, uid in _uids
	uid != null
	not abs(uid) > 0
	not _non_roots[n] == false
	detail := "running with the root UID is forbidden"
}

_marked_root := {[[n + 1, 0], ".securityContext.runAsNonRoot", "Invalid value", false, "must be true"] |
	some n, non_root in _non_roots
	not non_root in {null, true}
}

_uids := [object.get(context, "runAsUser", pod_uid) |
	pod_uid := object.get(pod.security_context, "runAsUser", null)
	some context in pod.security_contexts
]

_non_roots := [object.get(context, "runAsNonRoot", pod_non_root) |
	pod_non_root := object.get(pod.security_context, "runAsNonRoot", null)
	some context in pod.security_contexts
]
