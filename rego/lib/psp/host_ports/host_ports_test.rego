package lib.psp.host_ports_test

import data.lib.psp.host_ports
import data.lib.psp.ranges
import data.lib.psp.text

test_not_allowed[note] if {
	some note, tc in {
		"no ranges, no ports": {"ranges": [], "ports": [], "want": []},
		"no ranges, container port only": {"ranges": [], "ports": [{"containerPort": 80}], "want": []},
		"no ranges, host port 0": {"ranges": [], "ports": [{"containerPort": 80, "hostPort": 0}], "want": []},
		"no ranges, host port null": {"ranges": [], "ports": [{"containerPort": 80, "hostPort": null}], "want": []},
		"no ranges, host port": {"ranges": [], "ports": [{"hostPort": 1}], "want": [_refusal(1, "[]")]},
		"min - 1": {"ranges": [_range(5, 9)], "ports": [{"hostPort": 4}], "want": [_refusal(4, "[5-9]")]},
		"min": {"ranges": [_range(5, 9)], "ports": [{"hostPort": 5}], "want": []},
		"max": {"ranges": [_range(5, 9)], "ports": [{"hostPort": 9}], "want": []},
		"max + 1": {"ranges": [_range(5, 9)], "ports": [{"hostPort": 10}], "want": [_refusal(10, "[5-9]")]},
		"second range": {"ranges": [_range(1, 1), _range(5, 9)], "ports": [{"hostPort": 7}], "want": []},
		"between ranges": {
			"ranges": [_range(1, 1), _range(5, 9)],
			"ports": [{"hostPort": 2}],
			"want": [_refusal(2, "[1,5-9]")],
		},
		"min above max": {"ranges": [_range(9, 5)], "ports": [{"hostPort": 7}], "want": [_refusal(7, "[9-5]")]},
		"the first range may start at 0": {"ranges": [_range(0, 65535)], "ports": [{"hostPort": 65535}], "want": []},
		"protocol and hostIP are free": {
			"ranges": [_range(53, 53)],
			"ports": [{"hostPort": 53, "protocol": "UDP", "hostIP": "127.0.0.1"}],
			"want": [],
		},
		"each port, repeated ones too": {
			"ranges": [_range(5, 9)],
			"ports": [{"hostPort": 80}, {"hostPort": 7}, {"hostPort": 8}, {"hostPort": 80}, {"hostPort": 22}],
			"want": [_refusal(80, "[5-9]"), _refusal(80, "[5-9]"), _refusal(22, "[5-9]")],
		},
	}

	spec := {"containers": [{"name": "c", "ports": tc.ports}]}
	_told(tc.ranges) == tc.want with input as _review(spec)
}

test_port_that_is_no_number_is_refused if {
	spec := {"containers": [{"name": "c", "ports": [{"hostPort": "80"}]}]}
	_refused([_range(0, 65535)]) != set() with input as _review(spec)
}

test_containers[note] if {
	some note, tc in {
		"init": {
			"spec": {"initContainers": [{"name": "i"}, _binds(3)], "containers": [{"name": "c"}]},
			"want": [
				"spec.initContainers[1].hostPort: Invalid value: 3: Host port 3 is not allowed to be used. Allowed ports: [7]",
			],
		},
		"ephemeral": {
			"spec": {"containers": [_binds(7)], "ephemeralContainers": [_binds(3)]},
			"want": [
				"spec.ephemeralContainers[0].hostPort: Invalid value: 3: Host port 3 is not allowed to be used. Allowed ports: [7]",
			],
		},
		"all": {
			"spec": {"ephemeralContainers": [_binds(1)], "containers": [_binds(2)], "initContainers": [_binds(3)]},
			"want": [
				"spec.initContainers[0].hostPort: Invalid value: 3: Host port 3 is not allowed to be used. Allowed ports: [7]",
				"spec.containers[0].hostPort: Invalid value: 2: Host port 2 is not allowed to be used. Allowed ports: [7]",
				"spec.ephemeralContainers[0].hostPort: Invalid value: 1: Host port 1 is not allowed to be used. Allowed ports: [7]",
			],
		},
		"ports null": {"spec": {"containers": [{"name": "c", "ports": null}]}, "want": []},
		"ports unset": {"spec": {"containers": [{"name": "c"}]}, "want": []},
	}

	_told([_range(7, 7)]) == tc.want with input as _review(tc.spec)
}

# as a policy puts it together: what is refused, and what is told of it
_refused(allowed) := {value | some value in host_ports.used; not ranges.holds(allowed, value)}

_told(allowed) := text.lines(found) if {
	refused := _refused(allowed)
	found := {violation | some value in refused; some violation in host_ports.not_allowed(value, allowed)}
	count({refused == set(), found == set()}) == 1
}

_range(lowest, highest) := {"min": lowest, "max": highest}

# Gatekeeper hands over large numbers in another form
test_text_of_a_large_port if {
	want := _refusal(2147483647, "[]")
	_told([]) == [want] with input as _review({"containers": [_binds(2.147483647e+09)]})
}

_binds(port) := {"name": "binds", "ports": [{"containerPort": 80, "hostPort": port}]}

_refusal(port, ranges) := sprintf(
	"spec.containers[0].hostPort: Invalid value: %d: Host port %d is not allowed to be used. Allowed ports: %s",
	[port, port, ranges],
)

_review(spec) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {"metadata": {"name": "p"}, "spec": spec}},
}
