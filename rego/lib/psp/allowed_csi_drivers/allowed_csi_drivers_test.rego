package lib.psp.allowed_csi_drivers_test

import data.lib.psp.allowed_csi_drivers
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"no volumes": {"volumes": [], "want": []},
		"listed": {"volumes": [_csi("x.io"), _csi("z.io")], "want": []},
		"not listed": {"volumes": [_csi("x.io"), _csi("y.io")], "want": [_refusal(1, "y.io")]},
		"each volume": {
			"volumes": [_csi("y.io"), {"name": "e", "emptyDir": {}}, _csi("y.io"), _csi("a.io")],
			"want": [_refusal(0, "y.io"), _refusal(2, "y.io"), _refusal(3, "a.io")],
		},
		"names are literal": {
			"volumes": [_csi("X.io"), _csi("x.io.evil"), _csi("*")],
			"want": [_refusal(0, "X.io"), _refusal(1, "x.io.evil"), _refusal(2, "*")],
		},
		"no driver": {"volumes": [{"name": "v", "csi": {}}], "want": [_refusal(0, "")]},
		"another source of the same name": {
			"volumes": [{"name": "v", "flexVolume": {"driver": "y.io"}}, {"name": "w", "csi": null, "emptyDir": {}}],
			"want": [],
		},
		"an earlier source decides the type": {
			"volumes": [{"name": "v", "csi": {"driver": "y.io"}, "hostPath": {"path": "/"}}],
			"want": [],
		},
		"volumes null": {"volumes": null, "want": []},
	}

	_told({"x.io", "z.io"}) == tc.want with input as _review(tc.volumes)
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := allowed_csi_drivers.used - allowed

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in allowed_csi_drivers.not_allowed(value)}
	count({refused == set(), found == set()}) == 1
}

_csi(driver) := {"name": "v", "csi": {"driver": driver, "readOnly": true}}

_refusal(i, driver) := sprintf("spec.volumes[%d].csi.driver: Invalid value: %q: %s", [i, driver, detail]) if {
	detail := "Inline CSI driver is not allowed to be used"
}

_review(volumes) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}], "volumes": volumes}}},
}
