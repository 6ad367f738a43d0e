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
unset contains pod.places[n] if {
	some n, null in _uids
}

# METADATA
# description: places of the containers with neither an effective runAsUser nor an effective runAsNonRoot
undecided contains pod.places[n] if {
	some n, null in _uids
	_non_roots[n] == null
}

# METADATA
# description: |
#   violations under MustRunAs; by_default is the first range's min if no range holds
#   it, else null
must_run_as(allowed, by_default) := {[[n + 1, 0], ".securityContext.runAsUser", "Invalid value", uid, detail] |
	some n, own in _uids
	uid := object.get({null: by_default}, own, own)
	uid != null
	not ranges.holds(allowed, uid)
	detail := sprintf("must be in the ranges: %s", [ranges.ids(allowed)])
}

# METADATA
# description: violations under MustRunAsNonRoot
must_run_as_non_root contains [[n + 1, 0], ".securityContext.runAsNonRoot", "Invalid value", false, "must be true"] if {
	some n, false in _non_roots
}

must_run_as_non_root contains [[n + 1, 0], ".securityContext.runAsUser", "Invalid value", 0, detail] if {
	some n, 0 in _uids
	_non_roots[n] != false
	detail := "running with the root UID is forbidden"
}

_uids := [object.get(context, "runAsUser", _pod_uid) | some context in pod.security_contexts]

_pod_uid := object.get(pod.security_context, "runAsUser", null)

_non_roots := [object.get(context, "runAsNonRoot", _pod_non_root) | some context in pod.security_contexts]

_pod_non_root := object.get(pod.security_context, "runAsNonRoot", null)
