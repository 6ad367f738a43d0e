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
	some n, type in _types
	not type in allowed
	detail := "ProcMountType is not allowed"
}

_types := [object.get(context, "procMount", "Default") | some context in pod.security_contexts]
