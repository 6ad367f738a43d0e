// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"psp2rego/translate/manifest"
)

// largeCluster writes 1 000 policies, 1 000 roles and 100 000 bindings, in the proportions of a big shared cluster: each
// tenant's service accounts may use one policy, a few groups may use many.
func largeCluster() []string {
	const policies, bindings = 1000, 100_000
	var docs []string
	for i := range policies {
		docs = append(docs, fmt.Sprintf(policyTemplate, i), fmt.Sprintf(roleTemplate, i, i))
	}
	docs = append(docs, adminRole, adminBinding)
	for i := range bindings {
		ns := i / 20
		docs = append(docs, fmt.Sprintf(bindingTemplate, i, ns, i%policies, i, ns))
	}
	return docs
}

const (
	policyTemplate = `apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata:
  name: policy-%d
  annotations:
    seccomp.security.alpha.kubernetes.io/allowedProfileNames: 'runtime/default'
spec:
  privileged: false
  requiredDropCapabilities: [ALL]
  volumes: [configMap, emptyDir, projected, secret]
  hostPorts:
  - min: 8000
    max: 8080
  seLinux: {rule: RunAsAny}
  runAsUser: {rule: MustRunAsNonRoot}
  supplementalGroups: {rule: MustRunAs, ranges: [{min: 1, max: 65535}]}
  fsGroup: {rule: MustRunAs, ranges: [{min: 1, max: 65535}]}
`
	roleTemplate = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: use-%d
rules:
- apiGroups: [policy]
  resources: [podsecuritypolicies]
  resourceNames: [policy-%d]
  verbs: [use]
`
	adminRole = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: cluster-admin
rules:
- apiGroups: ['*']
  resources: ['*']
  verbs: ['*']
`
	adminBinding = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: cluster-admin
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: system:masters}
`
	bindingTemplate = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: binding-%d
  namespace: tenant-%d
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: use-%d
subjects:
- kind: ServiceAccount
  name: runner-%d
  namespace: tenant-%d
`
)

// asYAMLList indents the documents as items of a List, as kubectl get -o yaml writes it.
func asYAMLList(docs []string) string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nitems:\n")
	for _, doc := range docs {
		b.WriteString("- " + strings.ReplaceAll(strings.TrimSuffix(doc, "\n"), "\n", "\n  ") + "\n")
	}
	b.WriteString("kind: List\nmetadata:\n  resourceVersion: \"\"\n")
	return b.String()
}

// asJSONList is the same cluster as kubectl get -o json writes it.
func asJSONList(tb testing.TB, docs []string) string {
	cluster := load(tb, manifest.Source{Name: "docs", Reader: strings.NewReader(strings.Join(docs, "---\n"))})
	items := make([][]byte, len(cluster.Objects))
	for i, o := range cluster.Objects {
		items[i] = indentJSON(tb, o)
	}
	return `{"apiVersion": "v1", "items": [` + string(bytes.Join(items, []byte(",\n"))) + `], "kind": "List"}`
}

// BenchmarkLoad is a cluster of 1 000 policies and 100 000 bindings in the three ways in which it may be dumped.
func BenchmarkLoad(b *testing.B) {
	docs := largeCluster()
	for _, bc := range []struct {
		name, text string
	}{
		{"documents", strings.Join(docs, "---\n")},
		{"yaml-list", asYAMLList(docs)},
		{"json-list", asJSONList(b, docs)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(bc.text)))
			b.ReportAllocs()
			for b.Loop() {
				cluster := load(b, manifest.Source{Name: "cluster", Reader: strings.NewReader(bc.text)})
				if len(cluster.Grants.Users) != 100_000 {
					b.Fatalf("%d users", len(cluster.Grants.Users))
				}
			}
		})
	}
}

func load(tb testing.TB, sources ...manifest.Source) *Cluster {
	tb.Helper()
	cluster, diags, err := Load(context.Background(), sources)
	if cluster == nil {
		tb.Fatalf("not loaded: %v\n%s", err, diags)
	}
	return cluster
}
