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
	some n, context in pod.effective_contexts
	not context.runAsUser
}

# METADATA
# description: places of the containers with neither an effective runAsUser nor an effective runAsNonRoot
undecided := {pod.places[n] |
	some n, context in pod.effective_contexts
	object.filter(context, ["runAsNonRoot", "runAsUser"]) == {}
}

# METADATA
# description: effective runAsUser of all containers that have one
used := {context.runAsUser | some context in pod.effective_contexts}

# METADATA
# description: |
#   what the containers say about root, as [field, value] of effective runAsNonRoot and runAsUser
said := {[field, value] |
	some context in pod.effective_contexts
	some field, value in object.filter(context, ["runAsNonRoot", "runAsUser"])
}

# METADATA
# description: violations under MustRunAs by a user outside the ranges
must_run_as(uid, allowed) := {_outside(n, uid, allowed) |
	some n, context in pod.effective_contexts
	context.runAsUser == uid
}

# METADATA
# description: violations under MustRunAs by unset users, if no range holds the uid that they become
default_outside(uid, allowed) := {_outside(n, uid, allowed) |
	some n, context in pod.effective_contexts
	not context.runAsUser
}

_outside(n, uid, allowed) := [[n + 1, 0], ".securityContext.runAsUser", "Invalid value", uid, detail] if {
	detail := sprintf("must be in the ranges: %s", [ranges.ids(allowed)])
}

# METADATA
# description: violations under MustRunAsNonRoot
must_run_as_non_root := {[[n + 1, 0], ".securityContext.runAsNonRoot", "Invalid value", false, "must be true"] |
	some n, context in pod.effective_contexts
	context.runAsNonRoot == false
} | {[[n + 1, 0], ".securityContext.runAsUser", "Invalid value", 0, detail] |
	some n, context in pod.effective_contexts
	context.runAsUser == 0
	object.get(context, "runAsNonRoot", true) != false
	detail := "running with the root UID is forbidden"
}
