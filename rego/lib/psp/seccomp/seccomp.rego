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

# METADATA
# description: place of the annotations and the pod's profile, if the field alone gives it
derived["/metadata/annotations"] := _pod_field if {
	not _pod_annotation
	_pod_field != ""
}

# METADATA
# description: place of the annotations, if the policy's default decides the pod's profile
unset contains "/metadata/annotations" if {
	not _pod_annotation
	not _pod_field
}

# METADATA
# description: violations of a policy without allowedProfileNames by profiles that the pod sets
may_not_be_set contains [order, _path(key), "Forbidden", null, "seccomp may not be set"] if {
	some [order, key, profile] in _profiles
	profile != ""
}

# METADATA
# description: violations of a policy with allowedProfileNames by profiles that the pod sets; listed is the annotation
not_allowed(allowed, listed) := {[order, _path(key), "Forbidden", null, _detail(profile, listed)] |
	some [order, key, profile] in _profiles
	not profile in allowed
}

# METADATA
# description: |
#   violations by what the pod leaves to the policy, if its default ("" without one) is
#   not among its allowedProfileNames; listed is that annotation, null without one
default_not_allowed(by_default, listed) := {[order, _path(key), "Forbidden", null, _detail(by_default, listed)] |
	some [order, key] in _open
}

_detail(_, null) := "seccomp may not be set"

_detail(profile, listed) := sprintf("%s is not an allowed seccomp profile. Valid values are %s", [profile, listed]) if {
	listed != null
}

# order, annotation and profile of the pod and of each container
_profiles contains [[0, 2], pod_key, _pod_annotation]

_profiles contains [[0, 2], pod_key, _pod_field] if not _pod_annotation

_profiles contains [[n + 1, 4], _key(n), _name(context.seccompProfile)] if {
	some n, context in pod.security_contexts
}

_profiles contains [[n + 1, 4], key, profile] if {
	some key, profile in pod.annotations
	startswith(key, _container_prefix)
	some n, context in pod.security_contexts
	not context.seccompProfile
	key == _key(n)
}

_profiles contains [[n + 1, 4], key, _inherited] if {
	_inherited
	some [n, key] in _silent
}

# order and annotation of what has no profile of its own and inherits none
_open contains [[0, 2], pod_key] if unset != set()

_open contains [[n + 1, 4], key] if {
	unset != set()
	some [n, key] in _silent
}

# containers without a profile of their own
_silent contains [n, key] if {
	some n, context in pod.security_contexts
	not context.seccompProfile
	key := _key(n)
	not pod.annotations[key]
}

_inherited := _pod_field if true

else := _pod_annotation

_pod_annotation := pod.annotations[pod_key] if pod.annotations[pod_key] != ""

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

# METADATA
# description: annotation with the pod's profile
pod_key := "seccomp.security.alpha.kubernetes.io/pod"
