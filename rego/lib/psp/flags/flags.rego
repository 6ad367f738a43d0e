# METADATA
# title: flags
# description: |
#   All boolean fields in one set, so that a policy looks at those it forbids in one
#   step. What is wrong with one is told by the check of its name.
package lib.psp.flags

import data.lib.psp.pod

# METADATA
# description: |
#   [field, value] of the boolean fields of the containers' securityContexts, and of the
#   pod's host namespaces
used := {[field, value] |
	some field in (pod.touched & {"allowPrivilegeEscalation", "privileged", "readOnlyRootFilesystem"})
	some context in pod.security_contexts
	value := context[field]
} | {[field, value] |
	some field, value in object.filter(pod.spec, ["hostIPC", "hostNetwork", "hostPID"])
}
