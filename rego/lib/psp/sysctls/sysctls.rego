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
# description: names of all sysctls
used := {object.get(sysctl, "name", "") | some sysctl in pod.security_context.sysctls}

# METADATA
# description: true when the patterns forbiddenSysctls and allowedUnsafeSysctls allow a name
allows(name, forbidden, allowed_unsafe) if {
	not _matches(name, forbidden)
	_safe_or_matches(name, allowed_unsafe)
}

# METADATA
# description: violations by a name that they do not allow
not_allowed(name, forbidden) := {[[0, 7, i], path, "Forbidden", null, _detail(name, forbidden)] |
	some i, sysctl in pod.security_context.sysctls
	object.get(sysctl, "name", "") == name
	path := sprintf("pod.spec.securityContext.sysctls[%d]", [i])
}

_detail(name, forbidden) := sprintf("sysctl %q is not allowed", [name]) if {
	_matches(name, forbidden)
} else := sprintf("unsafe sysctl %q is not allowed", [name])

_safe_or_matches(name, _) if name in _safe

_safe_or_matches(name, patterns) if _matches(name, patterns)

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
