# METADATA
# title: AppArmor
# description: |
#   AppArmor profile of each container, a pod annotation keyed by the container's
#   name. Empty and absent are the same: the policy's default is written, or, with
#   a list of allowed profiles and no default, the container is refused.
#   pkg/security/podsecuritypolicy/apparmor (v1.24.17)
# custom:
#   pod_fields:
#     - metadata.annotations
package lib.psp.app_armor

import data.lib.psp.pod

# METADATA
# description: the annotations, with the key of each container without a profile
unset contains ["/metadata/annotations", key] if {
	some key in _keys
	object.get(pod.annotations, key, "") == ""
}

# METADATA
# description: |
#   violations of a policy with allowedProfileNames; listed is that annotation,
#   by_default its defaultProfileName or ""
not_allowed(allowed, by_default, listed) := {[[n + 1, 3], path, "Forbidden", null, detail] |
	some n, key in _keys
	own := object.get(pod.annotations, key, "")
	profile := object.get({"": by_default}, own, own)
	not _allowed(profile, allowed)
	detail := _detail(profile, listed)
	path := sprintf("pod.metadata.annotations[%s]", [key])
}

_allowed(profile, allowed) if {
	profile != ""
	profile in allowed
}

_detail(profile, listed) := "AppArmor profile must be set" if {
	profile == ""
} else := sprintf("%s is not an allowed profile. Allowed values: %q", [profile, listed])

_keys := [key |
	some container in pod.containers
	key := concat("", ["container.apparmor.security.beta.kubernetes.io/", object.get(container, "name", "")])
]
