# METADATA
# title: hostIPC
# description: |
#   A pod may use the node's IPC namespace only under a policy with hostIPC true.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.hostIPC
package lib.psp.host_ipc

import data.lib.psp.pod

# METADATA
# description: violations under hostIPC false
not_allowed := {[[0, 6], "spec.securityContext.hostIPC", "Invalid value", true, detail] |
	value := pod.spec.hostIPC
	not value in {false, null}
	detail := "Host IPC is not allowed to be used"
}
