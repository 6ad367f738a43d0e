# METADATA
# title: server
# description: |
#   What the API server does otherwise than that of 1.24, whose admission plugin is the
#   measure. From 1.25 on seccomp profiles are in fields alone, and no annotations are made of them; from
#   1.30 on there are fields for AppArmor profiles; and procMount is reset to Default no longer.
#   pkg/registry/core/pod/strategy.go (v1.24.17, v1.26.15, v1.30.14, v1.36.3)
package lib.psp.server

import data.lib.psp.pod
import data.lib.psp.seccomp
import data.lib.psp.seccomp_fields
import data.lib.psp.target
import data.lib.psp.touched

# METADATA
# description: whether seccomp profiles are in fields alone
seccomp_by_field if target.minor >= 25

# METADATA
# description: whether there are fields for AppArmor profiles
app_armor_by_field if target.minor >= 30

# METADATA
# description: |
#   writes of a policy that leaves the pod as it is. null, which no writes are, if 1.24 would
#   have changed the pod under every policy, although this API server has nothing to change
unchanged := {} if {
	not "seccompProfile" in pod.context_fields
} else := null if {
	seccomp_by_field
	seccomp.derivable
} else := {}

# METADATA
# description: |
#   what 1.24 makes of the pod after its admission, and this API server does not: seccomp
#   fields of annotations, and procMount, which is Default for want of a feature gate
completion := {} if {
	touched.fields & {"procMount", "seccomp"} == set()
} else := object.union(
	seccomp_fields.synced,
	{pod.places[n]: {"procMount": "Default"} |
		some n, context in pod.security_contexts
		context.procMount != "Default"
	},
) if {
	seccomp_by_field
} else := {}
