# METADATA
# title: seccompProfile
# description: |
#   Seccomp profiles as fields, for API servers from 1.25 on, which make no annotations of
#   them and soon no fields of annotations either.
#   docker/default is another name of runtime/default.
#   applySeccompVersionSkew in pkg/registry/core/pod/strategy.go (v1.24.17, v1.26.15)
package lib.psp.seccomp_fields

import data.lib.psp.pod
import data.lib.psp.profiles
import data.lib.psp.server

# METADATA
# description: |
#   what 1.24 makes of annotations once a policy is chosen: fields, where there are none
synced := object.union_n(array.concat(
	[{"/spec/securityContext": {"seccompProfile": named(pod.annotations[_pod_key])} |
		not pod.security_context.seccompProfile
	}],
	[{pod.places[n]: {"seccompProfile": profile}} |
		some n, context in pod.security_contexts
		not context.seccompProfile
		profile := named(pod.annotations[concat("", [_container_prefix, object.get(pod.containers[n], "name", "")])])
	],
))

# METADATA
# description: |
#   the field for a profile's name, where fields alone count; undefined for a name that 1.24
#   makes no field of
named(name) := profiles.field(object.get({"docker/default": "runtime/default"}, name, name)) if {
	server.seccomp_by_field
}

_container_prefix := "container.seccomp.security.alpha.kubernetes.io/"

_pod_key := "seccomp.security.alpha.kubernetes.io/pod"
