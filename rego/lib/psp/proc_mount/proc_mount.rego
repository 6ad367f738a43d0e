# METADATA
# title: allowedProcMountTypes
# description: |
#   How /proc may be mounted; unset means Default for the container, and for the
#   policy a list of Default alone.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.containers[*].securityContext.procMount
package lib.psp.proc_mount

import data.lib.psp.pod

# METADATA
# description: types of all containers
used := {"Default" | some _ in pod.containers} if {
	not "procMount" in pod.context_fields
} else := {object.get(context, "procMount", "Default") | some context in pod.security_contexts}

# METADATA
# description: violations by a type that is not among the allowed ones
not_allowed(type) := {[[n + 1, 6], ".securityContext.procMount", "Invalid value", type, detail] |
	some n, context in pod.security_contexts
	object.get(context, "procMount", "Default") == type
	detail := "ProcMountType is not allowed"
}
