package psp.explain_test

import data.psp

test_policies if {
	explained := psp.explain with input as _review([])
		with data.lib.psp.policies as _policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
		with data.psp.provenance as _provenance
	explained == {
		"mutate": "open",
		"policies": {
			"broken": {
				"usable": false,
				"reason": "runAsUser is MustRunAs without ranges",
				"authorized": false,
				"grants": [],
				"accepts": false,
				"violations": [],
				"writes": [],
			},
			"open": {
				"usable": true,
				"reason": "",
				"authorized": true,
				"grants": [
					{
						"subject": "Group system:authenticated",
						"binding": "RoleBinding/apps/open",
						"role": "ClusterRole/open",
						"namespace": "apps",
					},
					{
						"subject": "User jane",
						"binding": "ClusterRoleBinding/open",
						"role": "ClusterRole/open",
						"namespace": "",
					},
				],
				"accepts": true,
				"violations": [],
				"writes": [
					["/spec", "runtimeClassName", "kata"],
					["/spec/containers/0/securityContext", "readOnlyRootFilesystem", true],
					["/spec/containers/0/securityContext", "runAsUser", 1],
				],
			},
			"strict": {
				"usable": true,
				"reason": "",
				"authorized": false,
				"grants": [],
				"accepts": false,
				"violations": ["a: Forbidden: 1", "spec.containers[0].b: Forbidden: 2"],
				"writes": [],
			},
		},
	}
}

test_refusal if {
	refusal := psp.refusal with input as _review([])
		with data.lib.psp.policies as {
			"strict": object.get(_policies, "strict", {}),
			"open": object.get(_policies, "open", {}),
			"broken": object.get(_policies, "broken", {}),
		}
		with data.lib.psp.grants as {"users": {"jane": {"cluster": ["strict", "broken"]}}, "groups": {}}
		with data.lib.psp.dialect as {"groups": []}
	refusal == {"strict": ["a: Forbidden: 1", "spec.containers[0].b: Forbidden: 2"]}
}

test_chosen_policies[note] if {
	some note, tc in {
		"both phases": {"policies": {"open": _accepting({})}, "want": {"mutate": "open", "validate": "open"}},
		"mutate alone": {"policies": {"open": _accepting({"/spec": {"a": "b"}})}, "want": {"mutate": "open"}},
		"two policies": {
			"policies": {"open": _accepting({"/spec": {"a": "b"}}), "zero": _accepting({})},
			"want": {"mutate": "zero", "validate": "zero"},
		},
		"none": {"policies": {"open": {"provider": true, "writes": {}, "violations": set()}}, "want": {}},
	}

	explained := psp.explain with input as _review([])
		with data.lib.psp.policies as tc.policies
		with data.lib.psp.grants as {"users": {"jane": {"cluster": ["*"]}}, "groups": {}}
		with data.lib.psp.dialect as {"groups": []}
		with data.psp.provenance as {"users": {}, "groups": {}}
	object.remove(explained, ["policies"]) == tc.want
}

test_grant_of_every_policy if {
	grant := {"policies": ["*"], "binding": "ClusterRoleBinding/root", "role": "ClusterRole/cluster-admin"}
	explained := psp.explain with input as _review([])
		with data.lib.psp.policies as {"open": _accepting({}), "zero": _accepting({})}
		with data.lib.psp.grants as {"users": {"jane": {"cluster": ["*"]}}, "groups": {}}
		with data.lib.psp.dialect as {"groups": []}
		with data.psp.provenance as {"users": {"jane": [grant]}, "groups": {}}
	[[name, policy.authorized, policy.grants] | some name, policy in explained.policies] == [[name, true, [{
		"subject": "User jane",
		"binding": "ClusterRoleBinding/root",
		"role": "ClusterRole/cluster-admin",
		"namespace": "",
	}]] |
		some name in ["open", "zero"]
	]
}

test_problem[note] if {
	some note, tc in {
		"no AdmissionReview": {"input": {}, "want": "input is no admission.k8s.io/v1 AdmissionReview"},
		"no operation": {"input": _review([_replace("/operation", "")]), "want": "the request names no operation"},
		"another resource": {
			"input": _review([_replace("/resource/resource", "nodes")]),
			"want": "native PodSecurityPolicy leaves this request alone",
		},
		"a subresource": {
			"input": _review([{"op": "add", "path": "/subResource", "value": "exec"}]),
			"want": "native PodSecurityPolicy leaves this request alone",
		},
		"no pod": {"input": _review([_replace("/object", null)]), "want": "the request has no object"},
		"a wrong type": {
			"input": _review([_replace("/object/spec/containers", {})]),
			"want": "wrong type: containers is no array",
		},
	}

	explained := psp.explain with input as tc.input
		with data.lib.psp.policies as _policies
		with data.lib.psp.grants as _grants
		with data.lib.psp.dialect as {"groups": []}
		with data.psp.provenance as _provenance
	explained == {"policies": {}, "problem": tc.want}
}

_accepting(writes) := {"provider": true, "accepts": true, "writes": writes, "violations": set()}

_policies := {
	"open": _accepting({
		"/spec/containers/0/securityContext": {"runAsUser": 1, "readOnlyRootFilesystem": true},
		"/spec": {"runtimeClassName": "kata"},
	}),
	"strict": {
		"provider": true,
		"writes": {},
		"violations": {[[1, 5], ".b", "Forbidden", null, "2"], [[0, 5], "a", "Forbidden", null, "1"]},
	},
	"broken": {"provider": false, "unusable": "runAsUser is MustRunAs without ranges"},
}

_grants := {
	"users": {"jane": {"cluster": ["open"]}},
	"groups": {"system:authenticated": {"namespaces": {"apps": ["open"], "web": ["strict"]}}},
}

_provenance := {
	"users": {
		"jane": [{"policies": ["open"], "binding": "ClusterRoleBinding/open", "role": "ClusterRole/open"}],
		"john": [{"policies": ["strict"], "binding": "ClusterRoleBinding/strict", "role": "ClusterRole/strict"}],
	},
	"groups": {"system:authenticated": [
		{
			"policies": ["open"],
			"binding": "RoleBinding/apps/open",
			"role": "ClusterRole/open",
			"namespace": "apps",
		},
		{
			"policies": ["strict"],
			"binding": "RoleBinding/web/strict",
			"role": "ClusterRole/strict",
			"namespace": "web",
		},
	]},
}

_replace(path, value) := {"op": "replace", "path": path, "value": value}

# the creation of a pod, with patches to the request
_review(patches) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": json.patch(
		{
			"uid": "u-1",
			"kind": {"group": "", "version": "v1", "kind": "Pod"},
			"resource": {"group": "", "version": "v1", "resource": "pods"},
			"namespace": "apps",
			"operation": "CREATE",
			"userInfo": {"username": "jane", "groups": ["system:authenticated"]},
			"object": {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}},
		},
		patches,
	),
}
