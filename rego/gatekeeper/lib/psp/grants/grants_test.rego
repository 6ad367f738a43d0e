package lib.psp.grants_test

import data.lib.psp.grants
import data.lib.psp.requester

test_subjects[note] if {
	some note, tc in {
		"user": {"subject": {"kind": "User", "name": "jane"}, "cluster": true, "here": true},
		"another user": {"subject": {"kind": "User", "name": "Jane"}, "cluster": false, "here": false},
		"a group's name as a user's": {"subject": {"kind": "User", "name": "dev"}, "cluster": false, "here": false},
		"group": {"subject": {"kind": "Group", "name": "dev"}, "cluster": true, "here": true},
		"a user's name as a group's": {"subject": {"kind": "Group", "name": "jane"}, "cluster": false, "here": false},
		"group of the dialect": {"subject": {"kind": "Group", "name": "mke"}, "cluster": true, "here": true},
		"all service accounts": {
			"subject": {"kind": "Group", "name": "system:serviceaccounts"},
			"cluster": true,
			"here": true,
		},
		"service accounts of the namespace": {
			"subject": {"kind": "Group", "name": "system:serviceaccounts:apps"},
			"cluster": true,
			"here": true,
		},
		"service accounts of another namespace": {
			"subject": {"kind": "Group", "name": "system:serviceaccounts:web"},
			"cluster": false,
			"here": false,
		},
		"the pod's service account": {
			"subject": {"kind": "ServiceAccount", "name": "builder", "namespace": "apps"},
			"cluster": true,
			"here": true,
		},
		"a service account without namespace": {
			"subject": {"kind": "ServiceAccount", "name": "builder"},
			"cluster": false,
			"here": true,
		},
		"a service account with an empty namespace": {
			"subject": {"kind": "ServiceAccount", "name": "builder", "namespace": ""},
			"cluster": false,
			"here": true,
		},
		"a service account of another namespace": {
			"subject": {"kind": "ServiceAccount", "name": "builder", "namespace": "web"},
			"cluster": false,
			"here": false,
		},
		"another service account": {
			"subject": {"kind": "ServiceAccount", "name": "default", "namespace": "apps"},
			"cluster": false,
			"here": false,
		},
		"a service account as a user": {
			"subject": {"kind": "User", "name": "system:serviceaccount:apps:builder"},
			"cluster": true,
			"here": true,
		},
		"apiGroup is not read": {
			"subject": {"kind": "User", "name": "jane", "apiGroup": "example.com"},
			"cluster": true,
			"here": true,
		},
		"kind in lower case": {"subject": {"kind": "user", "name": "jane"}, "cluster": false, "here": false},
		"no kind": {"subject": {"name": "jane"}, "cluster": false, "here": false},
		"no name": {"subject": {"kind": "User"}, "cluster": false, "here": false},
		"no subject": {"subject": null, "cluster": false, "here": false},
	}

	# among others
	subjects := [{"kind": "User", "name": "x"}, tc.subject, {"kind": "Group", "name": "y"}]
	bound := _bound(subjects)
	_allowed({"cluster": {_v1: object.union(_roles, {"ClusterRoleBinding": bound})}}) == _if(tc.cluster)
	_allowed({"cluster": {_v1: _roles}, "namespace": {"apps": {_v1: {"RoleBinding": bound}}}}) == _if(tc.here)
	_allowed({"cluster": {_v1: _roles}, "namespace": {"web": {_v1: {"RoleBinding": bound}}}}) == set()
}

_if(true) := {"a"}

_if(false) := set()

test_requester_that_is_a_service_account if {
	inventory := {"cluster": {_v1: object.union(
		_roles,
		{"ClusterRoleBinding": _bound([{"kind": "ServiceAccount", "namespace": "kube-system", "name": "replicaset:x"}])},
	)}}
	user := {"username": "system:serviceaccount:kube-system:replicaset:x"}
	requester.policies == {"a"} with data.inventory as inventory
		with input as object.union(_input, {"review": {"userInfo": user}})
		with data.lib.psp.dialect as {"groups": []}
}

test_requester_without_name if {
	inventory := {"cluster": {_v1: object.union(
		_roles,
		{"ClusterRoleBinding": _bound([{"kind": "ServiceAccount", "namespace": "apps", "name": "builder"}])},
	)}}
	every user in [{"username": null}, {}] {
		review := object.union(object.remove(_input.review, ["userInfo"]), {"userInfo": user})
		requester.policies == {"a"} with data.inventory as inventory
			with input.review as review
			with data.lib.psp.dialect as {"groups": []}
	}
}

test_roles[note] if {
	some note, tc in {
		"cluster role": {"ref": {"kind": "ClusterRole", "name": "use-a"}, "cluster": {"a"}, "here": {"a"}},
		"role of the namespace": {"ref": {"kind": "Role", "name": "use-b"}, "cluster": set(), "here": {"b"}},
		"of both, the one meant": {"ref": {"kind": "Role", "name": "use-a"}, "cluster": set(), "here": {"b"}},
		"role of another namespace": {"ref": {"kind": "Role", "name": "use-c"}, "cluster": set(), "here": set()},
		"no role": {"ref": {"kind": "ClusterRole", "name": "none"}, "cluster": set(), "here": set()},
		"role without rules": {"ref": {"kind": "ClusterRole", "name": "empty"}, "cluster": set(), "here": set()},
		"role whose rules are null": {"ref": {"kind": "ClusterRole", "name": "null"}, "cluster": set(), "here": set()},
		"unknown kind": {"ref": {"kind": "clusterRole", "name": "use-a"}, "cluster": set(), "here": set()},
		"no kind": {"ref": {"name": "use-a"}, "cluster": set(), "here": set()},
		"no reference": {"ref": null, "cluster": set(), "here": set()},
	}

	binding := {"b": {"roleRef": tc.ref, "subjects": [{"kind": "User", "name": "jane"}]}}
	roles := {
		"apps": {_v1: {"Role": {"use-a": _role(["b"]), "use-b": _role(["b"])}}},
		"web": {_v1: {"Role": {"use-c": _role(["c"])}}},
	}
	_allowed({
		"cluster": {_v1: object.union(_roles, {"ClusterRoleBinding": binding})},
		"namespace": roles,
	}) == tc.cluster
	_allowed({
		"cluster": {_v1: _roles},
		"namespace": object.union(roles, {"apps": {_v1: {"RoleBinding": binding}}}),
	}) == tc.here
}

test_several_bindings_and_roles if {
	subjects := [{"kind": "User", "name": "jane"}, {"kind": "Group", "name": "dev"}]
	_allowed({
		"cluster": {_v1: object.union(_roles, {"ClusterRoleBinding": {
			"b": {"roleRef": {"kind": "ClusterRole", "name": "use-a"}, "subjects": subjects},
			"c": {"roleRef": {"kind": "ClusterRole", "name": "use-a"}, "subjects": subjects},
			"d": {"roleRef": {"kind": "ClusterRole", "name": "none"}, "subjects": subjects},
			"e": {"roleRef": {"kind": "ClusterRole", "name": "use-a"}},
			"f": {"roleRef": {"kind": "ClusterRole", "name": "use-a"}, "subjects": null},
		}})},
		"namespace": {"apps": {_v1: {
			"Role": {"use-b": _role(["b", "c"])},
			"RoleBinding": {"b": {"roleRef": {"kind": "Role", "name": "use-b"}, "subjects": subjects}},
		}}},
	}) == {"a", "b", "c"}
}

test_rules[note] if {
	some note, tc in {
		"use": {"rules": [_use], "want": {"*"}},
		"use in the old group": {"rules": [_with({"apiGroups": ["extensions"]})], "want": {"*"}},
		"wildcards": {"rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}], "want": {"*"}},
		"among others": {
			"rules": [{
				"verbs": ["get", "use", "*"],
				"apiGroups": ["apps", "policy"],
				"resources": ["pods", "podsecuritypolicies"],
				"resourceNames": ["b", "a"],
			}],
			"want": {"a", "b"},
		},
		"several rules": {"rules": [_with({"resourceNames": ["a"]}), _with({"resourceNames": ["b"]})], "want": {"a", "b"}},
		"empty list of names": {"rules": [_with({"resourceNames": []})], "want": {"*"}},
		"a star among names is no wildcard": {"rules": [_with({"resourceNames": ["*"]})], "want": set()},
		"a star among others": {"rules": [_with({"resourceNames": ["*", "a"]})], "want": {"a"}},
		"another verb": {"rules": [_with({"verbs": ["get", "Use"]})], "want": set()},
		"another group": {"rules": [_with({"apiGroups": ["", "policy/v1beta1"]})], "want": set()},
		"another resource": {
			"rules": [_with({"resources": ["podsecuritypolicies/use", "*/use", "podsecuritypolicies/*"]})],
			"want": set(),
		},
		"not in one rule": {"rules": [_with({"verbs": ["get"]}), _with({"resources": ["pods"]})], "want": set()},
		"nothing": {"rules": [{}], "want": set()},
	}

	_allowed({"cluster": {_v1: {
		"ClusterRole": {"use-a": {"rules": tc.rules}},
		"ClusterRoleBinding": _bound([{"kind": "User", "name": "jane"}]),
	}}}) == tc.want
}

test_problem[note] if {
	some note, tc in {
		"no inventory": {"inventory": {}, "missing": ["ClusterRole and no ClusterRoleBinding"]},
		"other kinds": {
			"inventory": {"cluster": {"v1": {"Namespace": {"apps": {}}}}},
			"missing": ["ClusterRole and no ClusterRoleBinding"],
		},
		"no roles": {
			"inventory": {"cluster": {_v1: {"ClusterRole": {}, "ClusterRoleBinding": {"b": {}}}}},
			"missing": ["ClusterRole"],
		},
		"no bindings": {"inventory": {"cluster": {_v1: _roles}}, "missing": ["ClusterRoleBinding"]},
		"both": {
			"inventory": {"cluster": {_v1: object.union(_roles, {"ClusterRoleBinding": {"b": {}}})}},
			"missing": [],
		},
	}

	problems := {problem | problem := grants.problem} with data.inventory as tc.inventory
	problems == {concat("", [
		"Gatekeeper has not synced RBAC: data.inventory has no ", missing,
		", and every API server has some; apply the SyncSet, or wait",
	]) |
		some missing in tc.missing
	}
}

test_nothing_is_granted_without_an_inventory if {
	requester.policies == set() with input as _input with data.lib.psp.dialect as {"groups": []}
}

_v1 := "rbac.authorization.k8s.io/v1"

_use := {"verbs": ["use"], "apiGroups": ["policy"], "resources": ["podsecuritypolicies"]}

_with(changes) := object.union(_use, changes)

_role(names) := {"rules": [
	{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
	_with({"resourceNames": names}),
]}

_roles := {"ClusterRole": {"use-a": _role(["a"]), "empty": {}, "null": {"rules": null}, "other": _role(["other"])}}

_bound(subjects) := {
	"a": {
		"roleRef": {"kind": "ClusterRole", "name": "other"},
		"subjects": [{"kind": "User", "name": "somebody"}],
	},
	"b": {"roleRef": {"kind": "ClusterRole", "name": "use-a"}, "subjects": subjects},
}

_allowed(inventory) := policies if {
	policies := requester.policies with data.inventory as inventory
		with input as _input
		with data.lib.psp.dialect as {"groups": ["mke"]}
}

_input := {"review": {
	"namespace": "apps",
	"userInfo": {"username": "jane", "groups": ["dev", "system:authenticated"]},
	"object": {
		"metadata": {"name": "p"},
		"spec": {"containers": [{"name": "c"}], "serviceAccountName": "builder"},
	},
}}
