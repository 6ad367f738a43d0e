# METADATA
# title: hostNetwork
# description: |
#   A pod may use the node's network namespace only under a policy with hostNetwork true.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.hostNetwork
package lib.psp.host_network

import data.lib.psp.pod

# METADATA
# description: violations under hostNetwork false
not_allowed := {[[0, 4], "spec.securityContext.hostNetwork", "Invalid value", true, detail] |
	value := pod.spec.hostNetwork
	not value in {false, null}
	detail := "Host network is not allowed to be used"
}
