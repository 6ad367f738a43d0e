# METADATA
# title: sysctls
# description: |
#   Kernel parameters the pod sets. forbiddenSysctls go first, then the safe ones,
#   which need no permission, then allowedUnsafeSysctls. A pattern that ends in *
#   matches by prefix, any other by equality.
#   pkg/security/podsecuritypolicy/sysctl (v1.24.17)
# custom:
#   pod_fields:
#     - spec.securityContext.sysctls
package lib.psp.sysctls

import data.lib.psp.pod

# METADATA
# description: violations, given the patterns forbiddenSysctls and allowedUnsafeSysctls
not_allowed(forbidden, allowed_unsafe) := {[[0, 7, i], path, "Forbidden", null, detail] |
	some i, sysctl in pod.security_context.sysctls
	name := object.get(sysctl, "name", "")
	detail := _refusal(name, forbidden, allowed_unsafe)
	path := sprintf("pod.spec.securityContext.sysctls[%d]", [i])
}

_refusal(name, forbidden, _) := sprintf("sysctl %q is not allowed", [name]) if {
	_matches(name, forbidden)
}

_refusal(name, forbidden, allowed_unsafe) := sprintf("unsafe sysctl %q is not allowed", [name]) if {
	not _matches(name, forbidden)
	not name in _safe
	not _matches(name, allowed_unsafe)
}

_matches(name, patterns) if name in patterns

_matches(name, patterns) if {
	some pattern in patterns
	endswith(pattern, "*")
	startswith(name, trim_suffix(pattern, "*"))
}

# SafeSysctlAllowlist in pkg/security/podsecuritypolicy/sysctl/mustmatchpatterns.go
_safe := {
	"kernel.shm_rmid_forced",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ping_group_range",
	"net.ipv4.tcp_syncookies",
}
