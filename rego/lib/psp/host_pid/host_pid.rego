# METADATA
# title: hostPID
# description: |
#   A pod may use the node's process namespace only under a policy with hostPID true.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.hostPID
package lib.psp.host_pid

import data.lib.psp.pod

# METADATA
# description: violations under hostPID false
not_allowed := {[[0, 5], "spec.securityContext.hostPID", "Invalid value", true, detail] |
	value := pod.spec.hostPID
	not value in {false, null}
	detail := "Host PID is not allowed to be used"
}
