package lib.psp.runtime_class_test

import data.lib.psp.runtime_class
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"unset": {"allowed": set(), "spec": {}, "want": []},
		"null": {"allowed": set(), "spec": {"runtimeClassName": null}, "want": []},
		"listed": {"allowed": {"gv", "kata"}, "spec": {"runtimeClassName": "gv"}, "want": []},
		"not listed": {
			"allowed": {"kata"},
			"spec": {"runtimeClassName": "gv"},
			"want": ["spec.runtimeClassName: Invalid value: \"gv\""],
		},
		"empty list": {
			"allowed": set(),
			"spec": {"runtimeClassName": "gv"},
			"want": ["spec.runtimeClassName: Invalid value: \"gv\""],
		},
		"an empty name is set": {
			"allowed": {"kata"},
			"spec": {"runtimeClassName": ""},
			"want": ["spec.runtimeClassName: Invalid value: \"\""],
		},
		"names are literal": {
			"allowed": {"g*"},
			"spec": {"runtimeClassName": "gv"},
			"want": ["spec.runtimeClassName: Invalid value: \"gv\""],
		},
	}

	_told(tc.allowed) == tc.want with input as _review(tc.spec)
}

test_default_not_allowed[note] if {
	some note, tc in {
		"unset": {"spec": {}, "want": ["spec.runtimeClassName: Invalid value: \"gv\""]},
		"null": {"spec": {"runtimeClassName": null}, "want": ["spec.runtimeClassName: Invalid value: \"gv\""]},
		"set": {"spec": {"runtimeClassName": "kata"}, "want": []},
	}

	text.lines(runtime_class.default_not_allowed("gv")) == tc.want with input as _review(tc.spec)
}

test_unset[note] if {
	some note, tc in {
		"unset": {"spec": {}, "want": {"/spec"}},
		"null": {"spec": {"runtimeClassName": null}, "want": {"/spec"}},
		"an empty name is set": {"spec": {"runtimeClassName": ""}, "want": set()},
		"set": {"spec": {"runtimeClassName": "gv"}, "want": set()},
	}

	runtime_class.unset == tc.want with input as _review(tc.spec)
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := runtime_class.used - allowed

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in runtime_class.not_allowed(value)}
	count({refused == set(), found == set()}) == 1
}

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p"},
		"spec": object.union({"containers": [{"name": "c"}]}, spec),
	}},
}
