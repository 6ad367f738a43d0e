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
	names := [users, groups] # none of the two may be missing
	some grant in array.concat(
		[grants.users[user] | some user in names[0]],
		[grants.groups[group] | some group in names[1]],
	)
	some name in array.concat(
		object.get(grant, "cluster", []),
		object.get(grant, ["namespaces", request.namespace], []),
	)
}

# METADATA
# description: names under which RBAC knows the requester and the service account
users := array.concat(
	[object.get(request.review, ["userInfo", "username"], "")],
	[concat(":", ["system:serviceaccount", request.namespace, name]) | name := _service_account],
)

# METADATA
# description: groups of the requester and of the service account
groups := array.concat(
	array.concat(object.get(request.review, ["userInfo", "groups"], []), dialect.groups),
	[group |
		_service_account
		some group in ["system:serviceaccounts", concat(":", ["system:serviceaccounts", request.namespace])]
	],
)

_service_account := name if {
	name := pod.spec.serviceAccountName
	name != ""
	is_string(name)
} else := name if {
	name := pod.spec.serviceAccount
	name != ""
	is_string(name)
}
