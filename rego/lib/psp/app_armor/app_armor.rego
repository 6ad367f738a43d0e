# METADATA
# title: AppArmor
# description: |
#   AppArmor profile of each container, a pod annotation keyed by the container's
#   name. Empty and absent are the same: the policy's default is written, or, with
#   a list of allowed profiles and no default, the container is refused.
#   Where the API server knows a field for it, 1.30 and later, the container's field,
#   the annotation and the pod's field give the profile, in this order, as in the kubelet.
#   pkg/security/podsecuritypolicy/apparmor (v1.24.17), GetProfile in pkg/security/apparmor/helpers.go (v1.36.3)
# custom:
#   pod_fields:
#     - metadata.annotations
#     - spec.securityContext.appArmorProfile
#     - spec.containers[*].securityContext.appArmorProfile
package lib.psp.app_armor

import data.lib.psp.pod
import data.lib.psp.profiles
import data.lib.psp.server

# METADATA
# description: |
#   what is written by a policy with this default: annotations, or, where the API server knows
#   the field, fields. An annotation that is there stays one, as does what has no field: the API
#   server makes a field of it if it can.
written(by_default) := _annotations(by_default) if {
	not server.app_armor_by_field
} else := object.union(
	_annotations(by_default),
	{pod.places[n]: {"appArmorProfile": profiles.field(by_default)} |
		some n, "" in _profiles
		_written_to_field(n, by_default)
	},
)

_annotations(by_default) := {"/metadata/annotations": values |
	values := {_keys[n]: by_default |
		some n, "" in _profiles
		not _written_to_field(n, by_default)
	}
	values != {}
}

_written_to_field(n, name) if {
	server.app_armor_by_field
	profiles.field(name)
	not _keys[n] in object.keys(pod.annotations)
	object.get(pod.spec, ["os", "name"], "") != "windows"
}

# METADATA
# description: profiles that the pod sets for its containers
used := {profile | some profile in _profiles; profile != ""}

# METADATA
# description: whether the policy's default decides the profile of a container
open if {
	"" in _profiles
} else := false

# METADATA
# description: violations by a profile that is not among allowedProfileNames; listed is that annotation
not_allowed(profile, listed) := {_violation(n, key, _not_among(profile, listed)) |
	some n, own in _profiles
	own == profile
	own != ""
	key := _keys[n]
}

# METADATA
# description: |
#   violations by what the pod leaves to a policy with allowedProfileNames (listed), if its
#   default is not among them; by_default is "" without one
default_not_allowed(by_default, listed) := {_violation(n, key, detail) |
	some n, "" in _profiles
	key := _keys[n]
	detail := object.get({"": "AppArmor profile must be set"}, by_default, _not_among(by_default, listed))
}

# profile of each container by its index, "" without one
_profiles := [object.get(pod.annotations, key, "") | some key in _keys] if {
	not "appArmorProfile" in pod.context_fields
} else := [_profile(n) | some n, _ in _keys]

_profile(n) := name if {
	name := _name(pod.security_contexts[n].appArmorProfile)
} else := annotation if {
	annotation := object.get(pod.annotations, _keys[n], "")
	annotation != ""
} else := name if {
	name := _name(pod.security_context.appArmorProfile)
} else := ""

_name(profile) := "unconfined" if {
	profile.type == "Unconfined"
} else := "runtime/default" if {
	profile.type == "RuntimeDefault"
} else := concat("", ["localhost/", object.get(profile, "localhostProfile", "")]) if {
	profile.type == "Localhost"
} else := sprintf("appArmorProfile %v", [profile])

_violation(n, key, detail) := [[n + 1, 3], path, "Forbidden", null, detail] if {
	path := sprintf("pod.metadata.annotations[%s]", [key])
}

_not_among(profile, listed) := sprintf("%s is not an allowed profile. Allowed values: %q", [profile, listed])

_keys := [key |
	some container in pod.containers
	key := concat("", ["container.apparmor.security.beta.kubernetes.io/", object.get(container, "name", "")])
]
