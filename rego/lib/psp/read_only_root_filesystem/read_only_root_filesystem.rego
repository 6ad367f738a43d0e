# METADATA
# title: readOnlyRootFilesystem
# description: |
#   Under a policy with readOnlyRootFilesystem true every container must have it
#   true; where it is unset it is written.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.containers[*].securityContext.readOnlyRootFilesystem
package lib.psp.read_only_root_filesystem

import data.lib.psp.pod

# METADATA
# description: places of the containers without readOnlyRootFilesystem
unset := {place | some place in pod.places} if {
	not "readOnlyRootFilesystem" in pod.context_fields
} else := {pod.places[n] |
	some n, context in pod.security_contexts
	object.get(context, "readOnlyRootFilesystem", null) == null
}

# METADATA
# description: violations under readOnlyRootFilesystem true
not_allowed := {[[n + 1, 9], ".securityContext.readOnlyRootFilesystem", "Invalid value", false, detail] |
	some n, context in pod.security_contexts
	context.readOnlyRootFilesystem != true
	detail := "ReadOnlyRootFilesystem must be set to true"
}
