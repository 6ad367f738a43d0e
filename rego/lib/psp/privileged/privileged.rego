# METADATA
# title: privileged
# description: |
#   A container may be privileged only under a policy with privileged true. No
#   other check is relaxed or tightened by it.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.containers[*].securityContext.privileged
package lib.psp.privileged

import data.lib.psp.pod

# METADATA
# description: violations under privileged false
not_allowed := {[[n + 1, 5], ".securityContext.privileged", "Invalid value", true, detail] |
	some n, context in pod.security_contexts
	context.privileged != false
	detail := "Privileged containers are not allowed"
}
