package lib.psp.sysctls_test

import data.lib.psp.sysctls
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"no sysctls": {"forbidden": ["*"], "allowed": [], "names": [], "want": []},
		"safe ones under an unset policy": {"forbidden": [], "allowed": [], "names": _safe, "want": []},
		"an unsafe one under an unset policy": {
			"forbidden": [],
			"allowed": [],
			"names": ["kernel.msgmax"],
			"want": [_unsafe(0, "kernel.msgmax")],
		},
		"allowed by name": {"forbidden": [], "allowed": ["kernel.msgmax"], "names": ["kernel.msgmax"], "want": []},
		"allowed by prefix": {"forbidden": [], "allowed": ["kernel.*"], "names": ["kernel.msgmax"], "want": []},
		"allowed by *": {"forbidden": [], "allowed": ["*"], "names": ["kernel.msgmax", ""], "want": []},
		"the prefix itself": {"forbidden": [], "allowed": ["kernel.*"], "names": ["kernel."], "want": []},
		"shorter than the prefix": {
			"forbidden": [],
			"allowed": ["kernel.*"],
			"names": ["kernel"],
			"want": [_unsafe(0, "kernel")],
		},
		"a name is no prefix": {
			"forbidden": ["net"],
			"allowed": ["kernel.msg"],
			"names": ["kernel.msgmax", "net.core"],
			"want": [_unsafe(0, "kernel.msgmax"), _unsafe(1, "net.core")],
		},
		"one star is cut off": {
			"forbidden": [],
			"allowed": ["a**"],
			"names": ["ab", "a*b"],
			"want": [_unsafe(0, "ab")],
		},
		"the star counts at the end only": {"forbidden": ["a*b"], "allowed": ["*"], "names": ["axb"], "want": []},
		"forbidden beats safe": {
			"forbidden": ["net.*"],
			"allowed": [],
			"names": ["kernel.shm_rmid_forced", "net.ipv4.tcp_syncookies"],
			"want": [_forbidden(1, "net.ipv4.tcp_syncookies")],
		},
		"forbidden beats allowed": {
			"forbidden": ["kernel.msgmax"],
			"allowed": ["kernel.*"],
			"names": ["kernel.msgmax", "kernel.msgmnb"],
			"want": [_forbidden(0, "kernel.msgmax")],
		},
		"everything forbidden": {
			"forbidden": ["*"],
			"allowed": [],
			"names": ["kernel.shm_rmid_forced", "x"],
			"want": [_forbidden(0, "kernel.shm_rmid_forced"), _forbidden(1, "x")],
		},
		"the spelling with slashes is another name": {
			"forbidden": [],
			"allowed": [],
			"names": ["kernel/shm_rmid_forced"],
			"want": [_unsafe(0, "kernel/shm_rmid_forced")],
		},
		"repeated, in the pod's order": {
			"forbidden": ["b"],
			"allowed": [],
			"names": ["c", "b", "kernel.shm_rmid_forced", "b", "a"],
			"want": [_unsafe(0, "c"), _forbidden(1, "b"), _forbidden(3, "b"), _unsafe(4, "a")],
		},
		"quotes": {"forbidden": [], "allowed": [], "names": ["a\"b"], "want": [_unsafe(0, "a\"b")]},
	}

	context := {"sysctls": [{"name": name, "value": "1"} | some name in tc.names]}
	_told(tc.forbidden, tc.allowed) == tc.want with input as _review(context)
}

test_literal_text if {
	context := {"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.core"}, {}]}
	want := [
		"pod.spec.securityContext.sysctls[0]: Forbidden: unsafe sysctl \"kernel.msgmax\" is not allowed",
		"pod.spec.securityContext.sysctls[1]: Forbidden: sysctl \"net.core\" is not allowed",
		"pod.spec.securityContext.sysctls[2]: Forbidden: unsafe sysctl \"\" is not allowed",
	]
	_told(["net.core"], []) == want with input as _review(context)
}

test_unset[note] if {
	some note, context in {
		"no securityContext": null,
		"no sysctls": {"fsGroup": 1},
		"sysctls null": {"sysctls": null},
	}

	_told(["*"], []) == [] with input as _review(context)
}

# in the order of the upstream source
_safe := [
	"kernel.shm_rmid_forced",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.ping_group_range",
	"net.ipv4.ip_unprivileged_port_start",
]

# as a policy puts it together: what is refused, and what is told of it
_refused(forbidden, unsafe) := {value | some value in sysctls.used; not sysctls.allows(value, forbidden, unsafe)}

_told(forbidden, unsafe) := text.lines(found) if {
	refused := _refused(forbidden, unsafe)
	found := {violation | some value in refused; some violation in sysctls.not_allowed(value, forbidden)}
	count({refused == set(), found == set()}) == 1
}

_unsafe(i, name) := sprintf(
	"pod.spec.securityContext.sysctls[%d]: Forbidden: unsafe sysctl %q is not allowed",
	[i, name],
)

_forbidden(i, name) := sprintf(
	"pod.spec.securityContext.sysctls[%d]: Forbidden: sysctl %q is not allowed",
	[i, name],
)

_review(context) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p"},
		"spec": {"securityContext": context, "containers": [{"name": "c"}]},
	}},
}
