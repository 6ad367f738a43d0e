# METADATA
# title: requester
# description: |
#   Who asks, and which policies they may use: the requesting user with their
#   groups, or the pod's service account in the namespace of the request, whichever
#   suffices. A grant names policies, or * for every policy there is.
#   isAuthorizedForPolicy in plugin/pkg/admission/security/podsecuritypolicy/admission.go (v1.24.17)
package lib.psp.requester

import data.lib.psp.dialect
import data.lib.psp.grants
import data.lib.psp.pod
import data.lib.psp.request

# METADATA
# description: names of the policies that may be used, or * among them
policies := {name |
	some user in _identity.users
	granted := grants.users[user]
	some name in array.concat(
		object.get(granted, "cluster", []),
		object.get(granted, ["namespaces", request.namespace], []),
	)
} | {name |
	some group in _identity.groups
	granted := grants.groups[group]
	some name in array.concat(
		object.get(granted, "cluster", []),
		object.get(granted, ["namespaces", request.namespace], []),
	)
}

# METADATA
# description: names under which RBAC knows the requester and the service account
users := _identity.users

# METADATA
# description: groups of the requester and of the service account
groups := _identity.groups

_identity := {
	"users": [_username, concat(":", ["system:serviceaccount", request.namespace, _service_account])],
	"groups": array.concat(_groups, [
		"system:serviceaccounts",
		concat(":", ["system:serviceaccounts", request.namespace]),
	]),
} if {
	_service_account
} else := {"users": [_username], "groups": _groups}

_username := object.get(request.review, ["userInfo", "username"], "")

_groups := array.concat(object.get(request.review, ["userInfo", "groups"], []), dialect.groups)

_service_account := name if {
	name := pod.spec.serviceAccountName
	name != ""
	is_string(name)
} else := name if {
	name := pod.spec.serviceAccount
	name != ""
	is_string(name)
}
