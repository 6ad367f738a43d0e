# METADATA
# title: touched
# description: |
#   What the pod sets at all. Most pods set little, so that a policy asks most of its checks
#   about few pods only.
package lib.psp.touched

import data.lib.psp.pod
import data.lib.psp.volumes

# METADATA
# description: |
#   names of what the pod sets: fields of its or a container's securityContext, types of
#   volumes, hostPort, runtimeClassName and the host namespaces, and seccomp and app_armor for
#   annotations of that kind
fields := union({
	pod.context_fields,
	volumes.used,
	object.keys(object.filter(pod.spec, ["hostIPC", "hostNetwork", "hostPID", "runtimeClassName"])),
	{"hostPort" |
		some container in pod.containers
		some port in container.ports
		port.hostPort > 0
	},
	{name |
		pod.annotations != {}
		some name, prefixes in {
			"app_armor": ["container.apparmor.security.beta.kubernetes.io/"],
			"seccomp": ["container.seccomp.security.alpha.kubernetes.io/", "seccomp.security.alpha.kubernetes.io/"],
		}
		strings.any_prefix_match(object.keys(pod.annotations), prefixes)
	},
})
