// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

// Which policy is chosen, when there is nothing to choose from, and what each phase says.
func TestChoiceOfPolicy(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:     "without policies there is no provider",
			policies: `{}`,
			want: `
admit: PodSecurityPolicy: no providers available to validate pod request
validate: PodSecurityPolicy: no providers available to validate pod request`,
		},
		{
			name:     "a policy whose strategies cannot be built is as good as none",
			policies: `{a: {runAsUser: {rule: MustRunAs}}}`,
			want: `
admit: PodSecurityPolicy: no providers available to validate pod request
validate: PodSecurityPolicy: no providers available to validate pod request`,
		},
		{
			name:     "such a policy does not disturb others",
			policies: `{a: {seLinux: {rule: MustRunAs}}, b: {}}`,
			want: `
admit: b
validate: b`,
		},
		{
			name:     "a policy that changes nothing wins over an earlier one",
			policies: `{a: {runAsUser: {rule: MustRunAs, ranges: [{min: 1, max: 1}]}}, z: {}}`,
			want: `
admit: z
validate: z`,
		},
		{
			name:     "among policies that change the pod the first by name wins",
			policies: `{b: {readOnlyRootFilesystem: true}, a: {runAsUser: {rule: MustRunAs, ranges: [{min: 5, max: 6}, {min: 1, max: 1}]}}}`,
			want: `
admit: a sets spec.containers[0].securityContext.runAsUser=5
validate: a`,
		},
		{
			name:     "a pod seccomp field makes every policy a changing one",
			policies: `{a: {readOnlyRootFilesystem: true}, z: {}}`,
			request:  `object: {spec: {securityContext: {seccompProfile: {type: RuntimeDefault}}}}`,
			want: `
admit: a sets metadata.annotations.seccomp.security.alpha.kubernetes.io/pod=runtime/default spec.containers[0].securityContext.readOnlyRootFilesystem=true
validate: a`,
		},
		{
			name:     "a default of true is a change too",
			policies: `{a: {defaultAllowPrivilegeEscalation: true}, z: {}}`,
			want: `
admit: z
validate: z`,
		},
		{
			name:     "the policy annotation of a new pod is overwritten",
			policies: `{a: {}, z: {}}`,
			request:  `object: {metadata: {name: p, annotations: {kubernetes.io/psp: z}}}`,
			want: `
admit: a
validate: a`,
		},
		{
			name:     "a refusal names the pod by its generateName, then by its generated name",
			policies: `{a: {privileged: false}}`,
			request:  `object: {metadata: {generateName: web-}, spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}}`,
			want: `
admit: pods "web-" is forbidden: PodSecurityPolicy: unable to admit pod: [spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed]
validate: pods "web-00000" is forbidden: PodSecurityPolicy: unable to validate pod: [spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed]`,
		},
	})
}

// What API defaulting, the ServiceAccount plugin and the pod strategy do around the phases.
func TestSurroundingsOfThePlugin(t *testing.T) {
	runScenarios(t, []scenario{
		{
			name:     "a policy that allows secrets allows the token volume",
			policies: `{a: {volumes: [secret]}}`,
			request:  `object: {}`,
			want: `
admit: a
validate: a`,
		},
		{
			name:     "a policy without volumes refuses the token volume",
			policies: `{a: {volumes: []}}`,
			want: `
admit: PodSecurityPolicy: unable to admit pod: [spec.volumes[0]: Invalid value: "projected": projected volumes are not allowed to be used]
validate: PodSecurityPolicy: unable to validate pod: [spec.volumes[0]: Invalid value: "projected": projected volumes are not allowed to be used]`,
		},
		{
			name:     "without the ServiceAccount plugin there is no such volume",
			policies: `{a: {volumes: []}}`,
			request:  `serviceAccountPlugin: false`,
			want: `
admit: a
validate: a`,
		},
		{
			name:     "a volume without a source is an emptyDir",
			policies: `{a: {volumes: [projected]}}`,
			request:  `object: {spec: {volumes: [{name: v}]}}`,
			want: `
admit: PodSecurityPolicy: unable to admit pod: [spec.volumes[0]: Invalid value: "emptyDir": emptyDir volumes are not allowed to be used]
validate: PodSecurityPolicy: unable to validate pod: [spec.volumes[0]: Invalid value: "emptyDir": emptyDir volumes are not allowed to be used]`,
		},
		{
			name:     "hostNetwork gives every container port a host port",
			policies: `{a: {hostPorts: []}}`,
			request:  `object: {spec: {hostNetwork: true, containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}}`,
			want: `
admit: PodSecurityPolicy: unable to admit pod: [spec.containers[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: []]
validate: PodSecurityPolicy: unable to validate pod: [spec.containers[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: []]`,
		},
		{
			name:     "procMount is judged before the strategy resets it",
			policies: `{a: {allowedProcMountTypes: [Unmasked]}}`,
			request:  `object: {spec: {containers: [{name: c, image: i, securityContext: {procMount: Unmasked}}]}}`,
			want: `
admit: a
validate: PodSecurityPolicy: unable to validate pod: [spec.containers[0].securityContext.procMount: Invalid value: "Default": ProcMountType is not allowed]`,
		},
		{
			name:     "an empty list of groups is seen although the v1 encoding leaves it out",
			policies: `{a: {supplementalGroups: {rule: MustRunAs, ranges: [{min: 1, max: 2}]}}}`,
			request:  `object: {spec: {securityContext: {supplementalGroups: []}}}`,
			want: `
admit: PodSecurityPolicy: unable to admit pod: [spec.securityContext.supplementalGroups: Invalid value: []int64{}: unable to validate empty groups against required ranges]
validate: PodSecurityPolicy: unable to validate pod: [spec.securityContext.supplementalGroups: Invalid value: []int64{}: unable to validate empty groups against required ranges]`,
		},
		{
			name:     "API validation is reported apart from the verdict",
			policies: `{a: {allowPrivilegeEscalation: false}}`,
			request:  `object: {spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}}`,
			want: `
admit: a sets spec.containers[0].securityContext.allowPrivilegeEscalation=false
invalid: spec.containers[0].securityContext: Invalid value: core.SecurityContext{Capabilities:(*core.Capabilities)(nil), Privileged:(*bool)(0x0), SELinuxOptions:(*core.SELinuxOptions)(nil), WindowsOptions:(*core.WindowsSecurityContextOptions)(nil), RunAsUser:(*int64)(nil), RunAsGroup:(*int64)(nil), RunAsNonRoot:(*bool)(nil), ReadOnlyRootFilesystem:(*bool)(nil), AllowPrivilegeEscalation:(*bool)(0x0), ProcMount:(*core.ProcMountType)(nil), SeccompProfile:(*core.SeccompProfile)(nil)}: cannot set ` + "`allowPrivilegeEscalation` to false and `privileged`" + ` to true
validate: a`,
		},
		{
			name:     "the deprecated serviceAccount field names the account",
			policies: `{a: {}}`,
			request:  `object: {spec: {serviceAccount: builder}}`,
			want: `
admit: a
validate: a`,
		},
		{
			name:     "a mirror pod that names an account never gets to the plugin",
			policies: `{a: {}}`,
			request:  `object: {metadata: {name: p, annotations: {kubernetes.io/config.mirror: x}}, spec: {serviceAccountName: builder}}`,
			want:     `error: decode: object: refused by the ServiceAccount plugin: pods "p" is forbidden: a mirror pod may not reference service accounts`,
		},
		{
			name:     "a pod of another namespace never gets to the plugin",
			policies: `{a: {}}`,
			request:  `object: {metadata: {name: p, namespace: other}}`,
			want:     `error: decode: object: the namespace of the provided object does not match the namespace sent on the request`,
		},
	})
}
