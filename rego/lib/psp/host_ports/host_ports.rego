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
# description: all host ports
used := {port.hostPort |
	some container in pod.containers
	some port in container.ports
	port.hostPort > 0
}

# METADATA
# description: violations by a port outside the ranges
not_allowed(port, allowed) := {[[n + 1, 8, i], ".hostPort", "Invalid value", port, detail] |
	some n, container in pod.containers
	some i, used_port in container.ports
	used_port.hostPort == port
	text := format_int(port, 10)
	detail := sprintf("Host port %s is not allowed to be used. Allowed ports: %s", [text, ranges.ports(allowed)])
}
