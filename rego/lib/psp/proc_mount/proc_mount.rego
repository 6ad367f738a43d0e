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
# description: violations of the set of allowed types
not_allowed(allowed) := {[[n + 1, 6], ".securityContext.procMount", "Invalid value", type, detail] |
	some type in (_types - allowed)
	some n, context in pod.security_contexts
	object.get(context, "procMount", "Default") == type
	detail := "ProcMountType is not allowed"
}

_types := {"Default"} if {
	not ["procMount", "string"] in pod.field_types
} else := {object.get(context, "procMount", "Default") | some context in pod.security_contexts}
