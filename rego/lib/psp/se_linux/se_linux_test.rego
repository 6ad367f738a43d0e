package lib.psp.se_linux_test

import data.lib.psp.se_linux
import data.lib.psp.text

test_pod_level[note] if {
	some note, tc in {
		"unset": {"wanted": {"level": "s0"}, "got": null, "want": []},
		"equal": {
			"wanted": {"level": "s0", "role": "r", "type": "t", "user": "u"},
			"got": {"level": "s0", "role": "r", "type": "t", "user": "u"},
			"want": [],
		},
		"each leaf, in native's order": {
			"wanted": {"user": "u", "type": "t", "role": "r", "level": "s0"},
			"got": {"user": "v", "type": "spc_t", "role": "s", "level": "s1"},
			"want": [
				_pod_refusal("level", "s1", "s0"),
				_pod_refusal("role", "s", "r"),
				_pod_refusal("type", "spc_t", "t"),
				_pod_refusal("user", "v", "u"),
			],
		},
		"unset in the policy must be unset": {
			"wanted": {"level": "s0:c1,c0"},
			"got": {"level": "s0:c0,c1", "type": "spc_t"},
			"want": ["spec.securityContext.seLinuxOptions.type: Invalid value: \"spc_t\": must be "],
		},
		"unset in the pod must be unset in the policy": {
			"wanted": {"level": "s0", "type": "t"},
			"got": {},
			"want": [_pod_refusal("level", "", "s0"), _pod_refusal("type", "", "t")],
		},
		"both empty": {"wanted": {}, "got": {}, "want": []},
		"unset and empty are the same": {"wanted": {"role": ""}, "got": {"type": ""}, "want": []},
	}

	context := object.filter({"seLinuxOptions": tc.got}, {key | tc.got != null; key := "seLinuxOptions"})
	spec := {"securityContext": context, "containers": []}
	text.lines(se_linux.must_run_as(tc.wanted)) == tc.want with input as _review(spec)
}

test_levels[note] if {
	some note, tc in {
		"equal without categories": {"want": "s0", "got": "s0", "allowed": true},
		"equal with categories": {"want": "s0:c1,c2", "got": "s0:c1,c2", "allowed": true},
		"other order": {"want": "s0:c1,c2", "got": "s0:c2,c1", "allowed": true},
		"other sensitivity": {"want": "s0:c1", "got": "s1:c1", "allowed": false},
		"longer sensitivity": {"want": "s0:c1", "got": "s0x:c1", "allowed": false},
		"fewer categories": {"want": "s0:c1,c2", "got": "s0:c1", "allowed": false},
		"more categories": {"want": "s0:c1,c2", "got": "s0:c1,c2,c3", "allowed": false},
		"duplicates count": {"want": "s0:c1", "got": "s0:c1,c1", "allowed": false},
		"duplicates in another order": {"want": "s0:c1,c2,c1", "got": "s0:c2,c1,c1", "allowed": true},
		"categories against none": {"want": "s0:c1", "got": "s0", "allowed": false},
		"none against categories": {"want": "s0", "got": "s0:c1", "allowed": false},
		"empty categories against none": {"want": "s0:", "got": "s0", "allowed": false},
		"ranges are not expanded": {"want": "s0:c0.c2", "got": "s0:c0,c1,c2", "allowed": false},
		"no trimming": {"want": "s0:c1,c2", "got": "s0:c1, c2", "allowed": false},
		"split at the first colon": {"want": "s0:c1:a,b", "got": "s0:b,c1:a", "allowed": true},
		"sensitivities that swap with categories": {"want": "a:b", "got": "b:a", "allowed": false},
		"empty sensitivity": {"want": ":a,b", "got": ":b,a", "allowed": true},
		"empty in the policy": {"want": "", "got": "s0:c1", "allowed": false},
	}

	refused := {true: [], false: [_pod_refusal("level", tc.got, tc.want)]}
	spec := {"securityContext": {"seLinuxOptions": {"level": tc.got}}, "containers": []}
	got := text.lines(se_linux.must_run_as({"level": tc.want})) with input as _review(spec)
	got == refused[tc.allowed]
}

test_only_levels_have_categories if {
	spec := {"securityContext": {"seLinuxOptions": {"role": "s0:b,a"}}, "containers": []}
	want := [_pod_refusal("role", "s0:b,a", "s0:a,b")]
	text.lines(se_linux.must_run_as({"role": "s0:a,b"})) == want with input as _review(spec)
}

test_containers[note] if {
	some note, tc in {
		"nothing set anywhere": {"spec": {"containers": [{"name": "c"}]}, "want": []},
		"the pod's options go for every container": {
			"spec": object.union({"securityContext": _options("t")}, _each({})),
			"want": [],
		},
		"a bad pod level goes for every container": {
			"spec": object.union({"securityContext": _options("x")}, _each({})),
			"want": [
				_pod_refusal("type", "x", "t"),
				_refusal("initContainers"),
				_refusal("containers"),
				_refusal("ephemeralContainers"),
			],
		},
		"containers may not be bad either": {
			"spec": object.union({"securityContext": _options("t")}, _each(_options("x"))),
			"want": [_refusal("initContainers"), _refusal("containers"), _refusal("ephemeralContainers")],
		},
		"containers cannot mend the pod level": {
			"spec": object.union({"securityContext": _options("x")}, _each(_options("t"))),
			"want": [_pod_refusal("type", "x", "t")],
		},
		"init": {
			"spec": {"initContainers": [{"name": "i", "securityContext": _options("x")}], "containers": [{"name": "c"}]},
			"want": [_refusal("initContainers")],
		},
		"regular": {
			"spec": {"containers": [{"name": "c", "securityContext": _options("x")}]},
			"want": [_refusal("containers")],
		},
		"ephemeral": {
			"spec": {"containers": [{"name": "c"}], "ephemeralContainers": [{"name": "e", "securityContext": _options("x")}]},
			"want": [_refusal("ephemeralContainers")],
		},
		"a container's options replace the pod's as a whole": {
			"spec": {
				"securityContext": _options("t"),
				"containers": [{"name": "c", "securityContext": {"seLinuxOptions": {}}}],
			},
			"want": ["spec.containers[0].securityContext.seLinuxOptions.type: Invalid value: \"\": must be t"],
		},
		"null inherits": {
			"spec": {
				"securityContext": _options("t"),
				"containers": [{"name": "c", "securityContext": {"seLinuxOptions": null}}, {"name": "d", "securityContext": null}],
			},
			"want": [],
		},
	}

	text.lines(se_linux.must_run_as({"type": "t"})) == tc.want with input as _review(tc.spec)
}

test_unset[note] if {
	some note, tc in {
		"no securityContext": {"spec": {}, "want": {"/spec/securityContext"}},
		"null securityContext": {"spec": {"securityContext": null}, "want": {"/spec/securityContext"}},
		"null": {"spec": {"securityContext": {"seLinuxOptions": null}}, "want": {"/spec/securityContext"}},
		"containers play no part": {"spec": _each(_options("t")), "want": {"/spec/securityContext"}},
		"set": {"spec": {"securityContext": _options("t")}, "want": set()},
		"an empty object is set": {"spec": {"securityContext": {"seLinuxOptions": {}}}, "want": set()},
	}

	se_linux.unset == tc.want with input as _review(object.union({"containers": []}, tc.spec))
}

_options(type) := {"seLinuxOptions": {"type": type}}

# one container of each kind, with this securityContext
_each(context) := {
	"initContainers": [{"name": "i", "securityContext": context}],
	"containers": [{"name": "c", "securityContext": context}],
	"ephemeralContainers": [{"name": "e", "securityContext": context}],
}

_pod_refusal(leaf, got, want) := sprintf(
	"spec.securityContext.seLinuxOptions.%s: Invalid value: %q: must be %s",
	[leaf, got, want],
)

_refusal(list) := sprintf("spec.%s[0].securityContext.seLinuxOptions.type: Invalid value: \"x\": must be t", [list])

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": spec}},
}
