# METADATA
# title: seLinux
# description: |
#   SELinux options of the pod and of each container; a container's object
#   replaces the pod's as a whole. MustRunAs gives a pod without options the
#   policy's; whatever the policy leaves empty must be empty. Levels are equal
#   when their categories are the same in another order.
#   pkg/security/podsecuritypolicy/selinux (v1.24.17)
# custom:
#   pod_fields:
#     - spec.securityContext.seLinuxOptions
#     - spec.containers[*].securityContext.seLinuxOptions
package lib.psp.se_linux

import data.lib.psp.pod

# METADATA
# description: place of the pod's securityContext, if it has no seLinuxOptions
unset := {"/spec/securityContext" | not pod.security_context.seLinuxOptions}

# METADATA
# description: violations under MustRunAs by options that are set; unset ones become the policy's own
must_run_as(wanted) := {[array.concat(order, [i]), path, "Invalid value", got, detail] |
	some [order, parent, options] in _effective
	some i, leaf in ["level", "role", "type", "user"]
	got := object.get(options, leaf, "")
	want := object.get(wanted, leaf, "")
	not _equal(leaf, want, got)
	path := sprintf("%s.%s", [parent, leaf])
	detail := sprintf("must be %s", [want])
}

_effective contains [[0, 3], "spec.securityContext.seLinuxOptions", pod.security_context.seLinuxOptions]

_effective contains [[n + 1, 2], ".securityContext.seLinuxOptions", options] if {
	some n, context in pod.security_contexts
	options := object.get(context, "seLinuxOptions", pod.security_context.seLinuxOptions)
}

_effective contains [[n + 1, 2], ".securityContext.seLinuxOptions", context.seLinuxOptions] if {
	not pod.security_context.seLinuxOptions
	some n, context in pod.security_contexts
}

_equal(_, same, same)

_equal("level", want, got) if {
	colon := indexof(want, ":")
	colon >= 0
	indexof(got, ":") == colon
	substring(want, 0, colon) == substring(got, 0, colon)
	sort(split(substring(want, colon + 1, -1), ",")) == sort(split(substring(got, colon + 1, -1), ","))
}
