# METADATA
# title: runtimeClass
# description: |
#   RuntimeClasses a pod may name. A pod without one gets the policy's default, if
#   there is one, and is fine without. A policy without the field allows any.
#   validateRuntimeClassName in pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.runtimeClassName
package lib.psp.runtime_class

import data.lib.psp.pod

# METADATA
# description: place of the spec, if the pod names no RuntimeClass
unset := {"/spec" | object.get(pod.spec, "runtimeClassName", null) == null}

# METADATA
# description: violations of allowedRuntimeClassNames by a name that is set
not_allowed(allowed) := {[[0, 9], "spec.runtimeClassName", "Invalid value", name, ""] |
	name := pod.spec.runtimeClassName
	name != null
	not name in allowed
}

# METADATA
# description: violations by a pod that gets a default which is not among allowedRuntimeClassNames
default_not_allowed(name) := {[[0, 9], "spec.runtimeClassName", "Invalid value", name, ""] |
	count(unset) > 0
}
