# METADATA
# title: hostPorts
# description: |
#   Ports of the node that a container binds; 0 and unset mean none. Protocol and
#   hostIP are free.
#   hasInvalidHostPort in pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.containers[*].ports[*].hostPort
package lib.psp.host_ports

import data.lib.psp.pod
import data.lib.psp.ranges

# METADATA
# description: violations of the ranges, which may be an empty list
not_allowed(allowed) := {[[n + 1, 8, i], ".hostPort", "Invalid value", port, detail] |
	some [n, i, port] in _used
	not ranges.holds(allowed, port)
	detail := sprintf("Host port %d is not allowed to be used. Allowed ports: %s", [port, ranges.ports(allowed)])
}

_used := {[n, i, port.hostPort] |
	some n, container in pod.containers
	some i, port in container.ports
	port.hostPort > 0
}
