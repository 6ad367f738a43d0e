# METADATA
# title: seccomp
# description: |
#   Seccomp profiles under their annotation names. The pod's is its annotation if
#   that is non-empty, else its field, else the policy's default. A container's is
#   its field, else its annotation even when empty, else the pod's field, else the
#   pod's annotation. The pod's field is written to its annotation, under every policy.
#   pkg/security/podsecuritypolicy/seccomp (v1.24.17)
# custom:
#   pod_fields:
#     - spec.securityContext.seccompProfile
#     - spec.containers[*].securityContext.seccompProfile
#     - metadata.annotations
package lib.psp.seccomp

import data.lib.psp.pod
import data.lib.psp.seccomp_fields
import data.lib.psp.server
import data.lib.psp.touched

# METADATA
# description: |
#   what every policy writes: the annotation, if the field alone gives the pod's profile. Where
#   fields alone count, that is an annotation which is there, and empty
derived := {} if {
	not "seccompProfile" in pod.context_fields
} else := {"/metadata/annotations": {_pod_key: derivable} | not _needs_no_annotation}

_needs_no_annotation if {
	server.seccomp_by_field
	not pod.annotations[_pod_key]
}

# METADATA
# description: the pod's profile if the field alone gives it, so that native 1.24 changes the annotation
derivable := _pod_field if {
	not _pod_annotation
	_pod_field != ""
}

# METADATA
# description: |
#   what is written by a policy with this default: the annotation, or, where the API server
#   knows no such annotations, the field that 1.24 makes of it
written(by_default) := {"/metadata/annotations": {_pod_key: by_default}} if {
	open
	not seccomp_fields.named(by_default)
} else := object.union(
	{"/spec/securityContext": {"seccompProfile": seccomp_fields.named(by_default)}},
	# an annotation that stays has to say the same
	{"/metadata/annotations": {_pod_key: by_default} | pod.annotations[_pod_key]},
) if {
	open
} else := derived

# METADATA
# description: profiles that the pod or a container sets or inherits
used := set() if {
	touched.fields & {"seccomp", "seccompProfile"} == set()
} else := {profile | profile := _pod_profile} | {profile |
	some n, context in pod.security_contexts
	profile := _container_profile(n, context)
}

# METADATA
# description: |
#   violations by a profile that is not among allowedProfileNames; listed is that
#   annotation, null without one
not_allowed(profile, listed) := {[order, _path(key), "Forbidden", null, _detail(profile, listed)] |
	some [order, key, used_profile] in _profiles
	used_profile == profile
}

# METADATA
# description: |
#   violations by what the pod leaves to the policy, if its default ("" without one) is
#   not among its allowedProfileNames; listed is that annotation, null without one
default_not_allowed(by_default, listed) := {[order, _path(key), "Forbidden", null, _detail(by_default, listed)] |
	some [order, key] in _undecided
}

_detail(_, null) := "seccomp may not be set"

_detail(profile, listed) := sprintf("%s is not an allowed seccomp profile. Valid values are %s", [profile, listed]) if {
	listed != null
}

# order, annotation and profile of the pod and of each container that sets or inherits one
_profiles contains [[0, 2], _pod_key, _pod_profile]

_profiles contains [[n + 1, 4], _key(n), profile] if {
	some n, context in pod.security_contexts
	profile := _container_profile(n, context)
}

# METADATA
# description: whether nothing but the policy's default decides the pod's profile
open if {
	not _pod_profile
} else := false

# order and annotation of what has no profile of its own and inherits none
_undecided contains [[0, 2], _pod_key] if open

_undecided contains [[n + 1, 4], _key(n)] if {
	open
	some n, context in pod.security_contexts
	not _container_profile(n, context)
}

_pod_profile := profile if {
	profile := _pod_annotation
} else := _pod_field

# The two levels go by their fields and annotations in another order.
_container_profile(n, context) := profile if {
	profile := _name(context.seccompProfile)
} else := profile if {
	profile := pod.annotations[_key(n)]
} else := profile if {
	profile := _pod_field
} else := profile if {
	profile := _pod_annotation
}

_pod_annotation := pod.annotations[_pod_key] if pod.annotations[_pod_key] != ""

_pod_field := _name(pod.security_context.seccompProfile)

_name(profile) := "unconfined" if {
	profile.type == "Unconfined"
} else := "runtime/default" if {
	profile.type == "RuntimeDefault"
} else := concat("", ["localhost/", profile.localhostProfile]) if {
	profile.type == "Localhost"
} else := ""

_key(n) := concat("", [_container_prefix, object.get(pod.containers[n], "name", "")])

_path(key) := sprintf("pod.metadata.annotations[%s]", [key])

_container_prefix := "container.seccomp.security.alpha.kubernetes.io/"

_pod_key := "seccomp.security.alpha.kubernetes.io/pod"
