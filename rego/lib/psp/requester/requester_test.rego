package lib.psp.requester_test

import data.lib.psp.requester

test_policies[note] if {
	some note, tc in {
		"nobody": {"user": "x", "groups": [], "account": "", "want": set()},
		"user": {"user": "jane", "groups": [], "account": "", "want": {"user-cluster", "user-apps"}},
		"user, names are literal": {"user": "Jane", "groups": [], "account": "", "want": set()},
		"groups": {"user": "x", "groups": ["none", "dev", "ops"], "account": "", "want": {"dev-cluster", "*"}},
		"a user is no group": {"user": "dev", "groups": ["jane"], "account": "", "want": set()},
		"user and groups": {
			"user": "jane",
			"groups": ["dev"],
			"account": "",
			"want": {"user-cluster", "user-apps", "dev-cluster"},
		},
		"service account": {
			"user": "x",
			"groups": [],
			"account": "builder",
			"want": {"account", "every-account", "account-of-apps"},
		},
		"another service account": {
			"user": "x",
			"groups": [],
			"account": "default",
			"want": {"every-account", "account-of-apps"},
		},
		"a service account is not authenticated": {
			"user": "x",
			"groups": [],
			"account": "none",
			"want": {"every-account", "account-of-apps"},
		},
		"an authenticated requester": {
			"user": "x",
			"groups": ["system:authenticated"],
			"account": "",
			"want": {"authenticated"},
		},
		"a controller, and the pod's account": {
			"user": "system:serviceaccount:kube-system:replicaset-controller",
			"groups": ["system:serviceaccounts", "system:authenticated"],
			"account": "builder",
			"want": {"controller", "authenticated", "account", "every-account", "account-of-apps"},
		},
		"an account's name as the requester's": {
			"user": "system:serviceaccount:apps:builder",
			"groups": [],
			"account": "",
			"want": {"account"},
		},
	}

	user := {"username": tc.user, "groups": tc.groups}
	requester.policies == tc.want with input as _review(user, {"serviceAccountName": tc.account})
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_namespaces[note] if {
	some note, tc in {
		"this one": {"namespace": "apps", "want": {"user-cluster", "user-apps"}},
		"another one": {"namespace": "web", "want": {"user-cluster", "user-web"}},
		"one without grants": {"namespace": "none", "want": {"user-cluster"}},
		"none": {"namespace": "", "want": {"user-cluster"}},
	}

	requester.policies == tc.want with input as _review({"username": "jane"}, {})
		with input.request.namespace as tc.namespace
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_service_account[note] if {
	some note, tc in {
		"unset": {"spec": {}, "want": set()},
		"empty": {"spec": {"serviceAccountName": ""}, "want": set()},
		"both empty": {"spec": {"serviceAccountName": "", "serviceAccount": ""}, "want": set()},
		"empty beside the deprecated field": {
			"spec": {"serviceAccountName": "", "serviceAccount": "builder"},
			"want": {"account", "every-account", "account-of-apps"},
		},
		"the deprecated field": {
			"spec": {"serviceAccount": "builder"},
			"want": {"account", "every-account", "account-of-apps"},
		},
		"both": {
			"spec": {"serviceAccountName": "builder", "serviceAccount": "x"},
			"want": {"account", "every-account", "account-of-apps"},
		},
	}

	requester.policies == tc.want with input as _review({}, tc.spec)
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_service_account_that_is_null_grants_nothing if {
	requester.policies == set() with input as _review({}, {"serviceAccountName": null})
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_service_account_of_another_namespace if {
	requester.policies == {"every-account"} with input as _review({}, {"serviceAccountName": "builder"})
		with input.request.namespace as "web"
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_service_account_of_a_pod_that_gatekeeper_expands if {
	requester.users == ["", "system:serviceaccount:apps:default"] with input.review as {
		"namespace": "apps",
		"operation": "CREATE",
		"uid": "",
		"object": {"metadata": {"name": "p"}, "spec": {"containers": []}},
	}
		with data.lib.psp.dialect as {"groups": []}
}

test_requester_that_is_not_named[note] if {
	some note, request in {
		"no userInfo": {},
		"empty userInfo": {"userInfo": {}},
		"null userInfo": {"userInfo": null},
		"null name": {"userInfo": {"username": null}},
	}

	spec := {"serviceAccountName": "builder"}
	want := {"account", "every-account", "account-of-apps"}
	requester.policies == want with input.request as object.union(request, {"namespace": "apps", "object": {"spec": spec}})
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
}

test_groups_of_the_dialect[note] if {
	some note, tc in {
		"none": {"dialect": [], "user": {"username": "x", "groups": ["dev"]}, "want": {"dev-cluster"}},
		"beside those of the request": {
			"dialect": ["system:authenticated:apps"],
			"user": {"username": "x", "groups": ["dev"]},
			"want": {"dev-cluster", "authenticated-in-apps"},
		},
		"for a user without groups": {
			"dialect": ["system:authenticated:apps"],
			"user": {"username": "x"},
			"want": {"authenticated-in-apps"},
		},
	}

	requester.policies == tc.want with input as _review(tc.user, {})
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": tc.dialect}
}

test_no_dialect_no_policies if {
	requester.policies == set() with input as _review({"username": "jane", "groups": ["dev"]}, {})
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {}
}

test_no_grants[note] if {
	some note, grants in {
		"none": {"users": {}, "groups": {}},
		"subjects without policies": {"users": {"jane": {}}, "groups": {"dev": {"namespaces": {}}}},
	}

	requester.policies == set() with input as _review({"username": "jane", "groups": ["dev"]}, {})
		with data.lib.psp.grants as grants
		with data.lib.psp.dialect as {"groups": []}
}

test_users_and_groups if {
	review := _review({"username": "jane", "groups": ["dev"]}, {"serviceAccountName": "builder"})
	requester.users == ["jane", "system:serviceaccount:apps:builder"] with input as review
		with data.lib.psp.dialect as {"groups": []}
	requester.groups == ["dev", "system:serviceaccounts", "system:serviceaccounts:apps"] with input as review
		with data.lib.psp.dialect as {"groups": []}
}

_grants := {
	"users": {
		"jane": {"cluster": ["user-cluster"], "namespaces": {"apps": ["user-apps"], "web": ["user-web"]}},
		"system:serviceaccount:apps:builder": {"namespaces": {"apps": ["account"]}},
		"system:serviceaccount:kube-system:replicaset-controller": {"cluster": ["controller"]},
	},
	"groups": {
		"dev": {"cluster": ["dev-cluster"]},
		"ops": {"cluster": ["*"]},
		"system:authenticated": {"cluster": ["authenticated"]},
		"system:authenticated:apps": {"namespaces": {"apps": ["authenticated-in-apps"]}},
		"system:serviceaccounts": {"cluster": ["every-account"]},
		"system:serviceaccounts:apps": {"cluster": ["account-of-apps"]},
	},
}

_review(user, spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"namespace": "apps",
		"userInfo": user,
		"object": {"metadata": {"name": "p"}, "spec": object.union({"containers": [{"name": "c"}]}, spec)},
	},
}
