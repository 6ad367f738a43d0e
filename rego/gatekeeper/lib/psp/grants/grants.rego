# METADATA
# title: grants
# description: |
#   Who may use which policy, read from the roles and bindings that Gatekeeper copies to
#   data.inventory, instead of written down when the policies were translated. Only what the
#   requester and the pod's service account may use is worked out: each binding that holds
#   in the namespace is looked at once, and roles only of those that name one of the two.
#   plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go (v1.24.17)
package lib.psp.grants

import data.lib.psp.request
import data.lib.psp.requester

# METADATA
# description: |
#   what may be used, under the name of whoever asks: whether it is by the right of the requester,
#   of a group or of the pod's service account makes no difference
users := {requester.users[0]: {"cluster": [name | some name in _policies]}}

# METADATA
# description: by group; all of it is in users
groups := {}

# METADATA
# description: why nobody can be known to have a right; undefined where RBAC is there
problem := sprintf(
	"Gatekeeper has not synced RBAC: data.inventory has no %s, and every API server has some; apply the SyncSet, or wait",
	[concat(" and no ", _missing)],
) if {
	count(_missing) > 0
}

_missing := [kind |
	some kind in ["ClusterRole", "ClusterRoleBinding"]
	count(object.get(_cluster, kind, {})) == 0
]

default _cluster := {}

_cluster := data.inventory.cluster["rbac.authorization.k8s.io/v1"]

default _namespaced := {}

_namespaced := data.inventory.namespace[namespace]["rbac.authorization.k8s.io/v1"] if {
	namespace := request.namespace
}

_policies contains name if {
	some rules in _granting
	some rule in rules
	some verb in rule.verbs
	verb in {"use", "*"}
	some group in rule.apiGroups
	group in {"policy", "extensions", "*"}
	some resource in rule.resources
	resource in {"podsecuritypolicies", "*"}
	some name in _named(object.get(rule, "resourceNames", []))
}

# the rules of the roles that somebody is bound to
_granting contains _cluster.ClusterRole[name].rules if some ["ClusterRole", name] in _bound

_granting contains _namespaced.Role[name].rules if some ["Role", name] in _bound

# Kind and name of the role. A comprehension around the search would cost four times as much.
_bound contains ["ClusterRole", binding.roleRef.name] if {
	bindings := _cluster.ClusterRoleBinding
	some key
	_names[bindings[key].subjects[_].name]
	binding := bindings[key]
	binding.roleRef.kind == "ClusterRole"
	_meant(binding.subjects, "")
}

_bound contains [binding.roleRef.kind, binding.roleRef.name] if {
	bindings := _namespaced.RoleBinding
	some key
	_names[bindings[key].subjects[_].name]
	binding := bindings[key]
	_meant(binding.subjects, request.namespace)
}

# Names under which a subject may stand for somebody. Most bindings name none of them, which is
# all that has to be looked at then. A service account's user name ends in that of its subject.
# One set, not rules that add to it: those would be asked for each name anew.
_names := {name | some name in array.concat(requester.users, requester.groups)} | {name |
	some user in requester.users
	parts := split(user, ":")
	some i, _ in parts
	i > 2
	name := concat(":", array.slice(parts, i, count(parts)))
}

# whether one of the subjects is somebody indeed; apiGroup is not read
_meant(subjects, namespace) if {
	some subject in subjects
	_is(subject, namespace)
}

_is(subject, _) if {
	subject.kind == "User"
	subject.name in requester.users
}

_is(subject, _) if {
	subject.kind == "Group"
	subject.name in requester.groups
}

_is(subject, namespace) if {
	subject.kind == "ServiceAccount"
	home := _home(subject, namespace)
	home != ""
	concat(":", ["system:serviceaccount", home, subject.name]) in requester.users
}

# a service account without namespace is one of the binding's
_home(subject, namespace) := namespace if {
	object.get(subject, "namespace", "") == ""
} else := subject.namespace

# the policies that a rule with these resource names is about; "*" is no wildcard among them
_named([]) := {"*"}

_named(names) := {name | some name in names; name != "*"} if {
	names != []
}
