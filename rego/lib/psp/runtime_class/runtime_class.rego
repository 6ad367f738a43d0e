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
unset contains "/spec" if _name == null

# METADATA
# description: violations of allowedRuntimeClassNames; by_default is the policy's default or null
not_allowed(allowed, by_default) := {[[0, 9], "spec.runtimeClassName", "Invalid value", name, ""] |
	name := object.get({null: by_default}, _name, _name)
	name != null
	not name in allowed
}

_name := object.get(pod.spec, "runtimeClassName", null)
