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
	some user in _subjects.users
	grant := grants.users[user]
	some name in array.concat(
		object.get(grant, "cluster", []),
		object.get(grant, ["namespaces", request.namespace], []),
	)
} | {name |
	some group in _subjects.groups
	grant := grants.groups[group]
	some name in array.concat(
		object.get(grant, "cluster", []),
		object.get(grant, ["namespaces", request.namespace], []),
	)
}

# METADATA
# description: names under which RBAC knows the requester and the service account
users := _subjects.users

# METADATA
# description: groups of the requester and of the service account
groups := _subjects.groups

_subjects := {
	"users": [user, concat(":", ["system:serviceaccount", namespace, _service_account])],
	"groups": array.concat(own, ["system:serviceaccounts", concat(":", ["system:serviceaccounts", namespace])]),
} if {
	review := request.review
	user := object.get(review, ["userInfo", "username"], "")
	own := array.concat(object.get(review, ["userInfo", "groups"], []), dialect.groups)
	namespace := request.namespace
} else := {
	"users": [object.get(request.review, ["userInfo", "username"], "")],
	"groups": array.concat(object.get(request.review, ["userInfo", "groups"], []), dialect.groups),
}

_service_account := name if {
	name := pod.spec.serviceAccountName
	name != ""
	is_string(name)
} else := name if {
	name := pod.spec.serviceAccount
	name != ""
	is_string(name)
} else := "default" if {
	# what an API server would give the pod of a workload
	request.unasked
}
