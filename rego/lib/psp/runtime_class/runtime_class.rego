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
# description: the RuntimeClass that the pod names, if it does
used := {name |
	name := pod.spec.runtimeClassName
	name != null
}

# METADATA
# description: violations by a name that is not among allowedRuntimeClassNames
not_allowed(name) := {[[0, 9], "spec.runtimeClassName", "Invalid value", name, ""] | name in used}

# METADATA
# description: violations by a pod that gets a default which is not among allowedRuntimeClassNames
default_not_allowed(name) := {found |
	found := [[0, 9], "spec.runtimeClassName", "Invalid value", name, ""]
	unset != set()
}
