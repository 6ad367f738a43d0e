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
# description: what is written to the annotations by a policy with this default
written(by_default) := {"/metadata/annotations": values |
	values := {key: by_default | some key in _keys; object.get(pod.annotations, key, "") == ""}
	values != {}
}

# METADATA
# description: profiles that the pod sets for its containers
used := {profile |
	some key in _keys
	profile := object.get(pod.annotations, key, "")
	profile != ""
}

# METADATA
# description: whether the policy's default decides the profile of a container
open if {
	some key in _keys
	object.get(pod.annotations, key, "") == ""
} else := false

# METADATA
# description: violations by a profile that is not among allowedProfileNames; listed is that annotation
not_allowed(profile, listed) := {_violation(n, key, _not_among(profile, listed)) |
	profile in used
	some n, key in _keys
	pod.annotations[key] == profile
}

# METADATA
# description: |
#   violations by what the pod leaves to a policy with allowedProfileNames (listed), if its
#   default is not among them; by_default is "" without one
default_not_allowed(by_default, listed) := {_violation(n, key, detail) |
	some n, key in _keys
	object.get(pod.annotations, key, "") == ""
	detail := object.get({"": "AppArmor profile must be set"}, by_default, _not_among(by_default, listed))
}

_violation(n, key, detail) := [[n + 1, 3], path, "Forbidden", null, detail] if {
	path := sprintf("pod.metadata.annotations[%s]", [key])
}

_not_among(profile, listed) := sprintf("%s is not an allowed profile. Allowed values: %q", [profile, listed])

_keys := [key |
	some container in pod.containers
	key := concat("", ["container.apparmor.security.beta.kubernetes.io/", object.get(container, "name", "")])
]
