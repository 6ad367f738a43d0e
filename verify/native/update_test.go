// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

// What an update of a pod is judged by, and which requests are not judged at all.
func TestUpdatesAndOtherRequests(t *testing.T) {
	const stored = `{metadata: {name: p, uid: u, resourceVersion: "1"}, spec: {serviceAccountName: default}}`
	const labelled = `{metadata: {name: p, labels: {a: b}}, spec: {serviceAccountName: default}}`
	runScenarios(t, []scenario{
		{
			name:     "a label on a pod that lacks a default is refused without a reason",
			policies: `{a: {readOnlyRootFilesystem: true}}`,
			request:  `{operation: UPDATE, oldObject: ` + stored + `, object: ` + labelled + `}`,
			want: `
admit: ignored
validate: PodSecurityPolicy: unable to validate pod: []`,
		},
		{
			name:     "an update without a change is not judged",
			policies: `{}`,
			request:  `{operation: UPDATE, oldObject: ` + stored + `, object: ` + stored + `}`,
			want: `
admit: ignored
validate: ignored`,
		},
		{
			name:     "what the client leaves out comes from the stored pod",
			policies: `{}`,
			request:  `{operation: UPDATE, oldObject: ` + stored + `, object: {metadata: {name: p}, spec: {serviceAccountName: default}}}`,
			want: `
admit: ignored
validate: ignored`,
		},
		{
			name:     "owner references and finalizers alone are not judged",
			policies: `{}`,
			request: `{operation: UPDATE, oldObject: ` + stored + `, object: {metadata: {name: p, finalizers: [x.example/y],
				ownerReferences: [{apiVersion: v1, kind: Node, name: node1, uid: u}]}, spec: {serviceAccountName: default}}}`,
			want: `
admit: ignored
validate: ignored`,
		},
		{
			name:     "a status in the update is reset before it is judged",
			policies: `{}`,
			request: `{operation: UPDATE, oldObject: ` + stored + `, object: {metadata: {name: p}, status: {phase: Failed},
				spec: {serviceAccountName: default}}}`,
			want: `
admit: ignored
validate: ignored`,
		},
		{
			name:     "one label more is judged",
			policies: `{}`,
			request:  `{operation: UPDATE, oldObject: ` + stored + `, object: ` + labelled + `}`,
			want: `
admit: ignored
validate: PodSecurityPolicy: no providers available to validate pod request`,
		},
		{
			name:     "the policy annotation moves a policy to the front",
			policies: `{a: {}, z: {}}`,
			request: `{operation: UPDATE, oldObject: ` + stored + `, object: {metadata: {name: p, annotations: {kubernetes.io/psp: z}},
				spec: {serviceAccountName: default}}}`,
			want: `
admit: ignored
validate: z`,
		},
		{
			name:     "API validation of an update is reported",
			policies: `{a: {}}`,
			request: `{operation: UPDATE, oldObject: ` + stored + `, object: {metadata: {name: p},
				spec: {serviceAccountName: default, nodeName: node1}}}`,
			want: `
admit: ignored
invalid: spec: Forbidden: pod updates may not change fields other than ` + "`spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations) or `spec.terminationGracePeriodSeconds`" + ` (allow it to be set to 1 if it was previously negative)
validate: a`,
		},
		{
			name:     "a privileged debug container is not judged when it is added",
			policies: `{a: {privileged: false}}`,
			request: `{operation: UPDATE, subResource: ephemeralcontainers, oldObject: ` + stored + `, object: {metadata: {name: p},
				spec: {ephemeralContainers: [{name: d, image: i, securityContext: {privileged: true}}]}}}`,
			want: `
admit: ignored
validate: ignored`,
		},
		{
			name:     "the next label is refused because of it",
			policies: `{a: {privileged: false}}`,
			request: `{operation: UPDATE, oldObject: {metadata: {name: p, resourceVersion: "1"},
				spec: {ephemeralContainers: [{name: d, image: i, securityContext: {privileged: true}}]}}, object: {metadata: {name: p, labels: {a: b}},
				spec: {ephemeralContainers: [{name: d, image: i, securityContext: {privileged: true}}]}}}`,
			want: `
admit: ignored
validate: PodSecurityPolicy: unable to validate pod: [spec.ephemeralContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed]`,
		},
		{
			name:     "a binding of a pod to a node is not judged",
			policies: `{}`,
			request:  `{subResource: binding, kind: {group: "", version: v1, kind: Binding}, object: {target: {name: n}}}`,
			want: `
admit: ignored
validate: ignored`,
		},
		{
			name:     "another resource is not judged",
			policies: `{}`,
			request:  `{resource: {group: "", version: v1, resource: services}, object: {spec: {ports: [{port: 1}]}}}`,
			want: `
admit: ignored
validate: ignored`,
		},
		{
			name:     "a deletion is not judged",
			policies: `{}`,
			request:  `{operation: DELETE, object: null, oldObject: ` + stored + `}`,
			want: `
admit: ignored
validate: ignored`,
		},
	})
}
