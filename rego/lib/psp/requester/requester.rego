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
policies := {name | some subject in subjects; some name in subject.cluster} | {name | some subject in subjects; some name in subject.namespaces[request.namespace]}

# METADATA
# description: what is granted to each name and group of the requester and of the service account
subjects := {granted | some user in users; granted := grants.users[user]} | {granted | some group in groups; granted := grants.groups[group]}

# METADATA
# description: names under which RBAC knows the requester and the service account
users contains request.review.userInfo.username

users contains concat(":", ["system:serviceaccount", request.namespace, _service_account])

# METADATA
# description: groups of the requester and of the service account
groups contains group if some group in request.review.userInfo.groups

groups contains "system:serviceaccounts" if _service_account

groups contains concat(":", ["system:serviceaccounts", request.namespace]) if _service_account

# Mirantis Kubernetes Engine counts its users as members of a group per namespace.
groups contains concat(":", ["system:authenticated", request.namespace]) if {
	dialect.mke
	"system:authenticated" in request.review.userInfo.groups
	not startswith(request.review.userInfo.username, "system:")
}

_service_account := name if {
	name := pod.spec.serviceAccountName
	name != ""
} else := name if {
	name := pod.spec.serviceAccount
	name != ""
}
