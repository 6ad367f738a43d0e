package lib.psp.proc_mount_test

import data.lib.psp.proc_mount
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"unset pod": {"allowed": {"Default"}, "contexts": [{}, {}, {}], "want": []},
		"null": {"allowed": {"Default"}, "contexts": [{}, {"procMount": null}, null], "want": []},
		"Default": {
			"allowed": {"Default"},
			"contexts": [{"procMount": "Default"}, {"procMount": "Default"}, {"procMount": "Default"}],
			"want": [],
		},
		"Unmasked, allowed": {
			"allowed": {"Default", "Unmasked"},
			"contexts": [{"procMount": "Unmasked"}, {"procMount": "Unmasked"}, {"procMount": "Unmasked"}],
			"want": [],
		},
		"Unmasked, init": {
			"allowed": {"Default"},
			"contexts": [{"procMount": "Unmasked"}, {}, {}],
			"want": [_refusal("initContainers", "Unmasked")],
		},
		"Unmasked, regular": {
			"allowed": {"Default"},
			"contexts": [{}, {"procMount": "Unmasked"}, {"procMount": "Default"}],
			"want": [_refusal("containers", "Unmasked")],
		},
		"Unmasked, ephemeral": {
			"allowed": {"Default"},
			"contexts": [{}, {}, {"procMount": "Unmasked"}],
			"want": [_refusal("ephemeralContainers", "Unmasked")],
		},
		"a list without Default refuses what is unset": {
			"allowed": {"Unmasked"},
			"contexts": [{}, {"procMount": "Unmasked"}, {"procMount": "Default"}],
			"want": [_refusal("initContainers", "Default"), _refusal("ephemeralContainers", "Default")],
		},
		"several types": {
			"allowed": set(),
			"contexts": [{"procMount": "Unmasked"}, {}, {"procMount": "default"}],
			"want": [
				_refusal("initContainers", "Unmasked"),
				_refusal("containers", "Default"),
				_refusal("ephemeralContainers", "default"),
			],
		},
		"a set empty string": {
			"allowed": {"Default"},
			"contexts": [{}, {"procMount": ""}, {}],
			"want": [_refusal("containers", "")],
		},
	}

	_told(tc.allowed) == tc.want with input as _review(tc.contexts)
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := proc_mount.used - allowed

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in proc_mount.not_allowed(value)}
	count({refused == set(), found == set()}) == 1
}

_refusal(list, type) := sprintf(
	"spec.%s[0].securityContext.procMount: Invalid value: %q: ProcMountType is not allowed",
	[list, type],
)

# a pod with one container of each kind, with these securityContexts
_review([init, regular, ephemeral]) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": {
		"initContainers": [{"name": "i", "securityContext": init}],
		"containers": [{"name": "c", "securityContext": regular}],
		"ephemeralContainers": [{"name": "e", "securityContext": ephemeral}],
	}}},
}
