package lib.psp.allowed_flex_volumes_test

import data.lib.psp.allowed_flex_volumes
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"no volumes": {"volumes": [], "want": []},
		"listed": {"volumes": [_flex("a/b"), _flex("z")], "want": []},
		"not listed": {"volumes": [_flex("a/b"), _flex("a/c")], "want": [_refusal(1, "a/c")]},
		"each volume": {
			"volumes": [_flex("a/c"), {"name": "e", "emptyDir": {}}, _flex("a/c"), _flex("0")],
			"want": [_refusal(0, "a/c"), _refusal(2, "a/c"), _refusal(3, "0")],
		},
		"names are literal": {
			"volumes": [_flex("A/b"), _flex("a/b/c"), _flex("*")],
			"want": [_refusal(0, "A/b"), _refusal(1, "a/b/c"), _refusal(2, "*")],
		},
		"no driver": {"volumes": [{"name": "v", "flexVolume": {}}], "want": [_refusal(0, "")]},
		"another source of the same name": {
			"volumes": [{"name": "v", "csi": {"driver": "a/c"}}, {"name": "w", "flexVolume": null, "emptyDir": {}}],
			"want": [],
		},
		"an earlier source decides the type": {
			"volumes": [{"name": "v", "flexVolume": {"driver": "a/c"}, "secret": {"secretName": "s"}}],
			"want": [],
		},
		"volumes null": {"volumes": null, "want": []},
	}

	_told({"a/b", "z"}) == tc.want with input as _review(tc.volumes)
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := allowed_flex_volumes.used - allowed

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in allowed_flex_volumes.not_allowed(value)}
	count({refused == set(), found == set()}) == 1
}

_flex(driver) := {"name": "v", "flexVolume": {"driver": driver, "fsType": "ext4"}}

_refusal(i, driver) := sprintf("spec.volumes[%d].driver: Invalid value: %q: %s", [i, driver, detail]) if {
	detail := "Flexvolume driver is not allowed to be used"
}

_review(volumes) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}], "volumes": volumes}}},
}
