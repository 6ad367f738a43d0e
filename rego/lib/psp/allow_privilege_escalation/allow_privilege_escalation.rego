# METADATA
# title: allowPrivilegeEscalation
# description: |
#   Under a policy with allowPrivilegeEscalation false every container must have it
#   false. Where it is unset, defaultAllowPrivilegeEscalation is written, or, without
#   that, the policy's false.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.containers[*].securityContext.allowPrivilegeEscalation
package lib.psp.allow_privilege_escalation

import data.lib.psp.pod

# METADATA
# description: places of the containers without allowPrivilegeEscalation
unset := {place | some place in pod.places} if {
	not "allowPrivilegeEscalation" in pod.context_fields
} else := {pod.places[n] |
	some n, context in pod.security_contexts
	object.get(context, "allowPrivilegeEscalation", null) == null
}

# METADATA
# description: violations under allowPrivilegeEscalation false by values that are set
not_allowed := {_violation(n) |
	some n, context in pod.security_contexts
	context.allowPrivilegeEscalation != false
}

# METADATA
# description: violations by unset values under allowPrivilegeEscalation false with defaultAllowPrivilegeEscalation true
default_not_allowed := {_violation(n) |
	some n, context in pod.security_contexts
	object.get(context, "allowPrivilegeEscalation", null) == null
}

_violation(n) := [[n + 1, 10], ".securityContext.allowPrivilegeEscalation", "Invalid value", true, detail] if {
	detail := "Allowing privilege escalation for containers is not allowed"
}
