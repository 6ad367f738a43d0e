// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"context"
	"fmt"
	"strings"

	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

const cluster = `
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: restricted}
spec:
  runAsUser: {rule: MustRunAsNonRoot}
  seLinux: {rule: RunAsAny}
  supplementalGroups: {rule: RunAsAny}
  fsGroup: {rule: RunAsAny}
  volumes: [configMap, secret]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: use-restricted}
rules:
- {apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [restricted], verbs: [use]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: everyone}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: use-restricted}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}
`

// Load reads manifests and works out who may use which policy; Compile turns that into Rego and data.
func Example() {
	ctx := context.Background()
	loaded, diagnostics, err := translate.Load(ctx, []manifest.Source{{Name: "cluster.yaml", Reader: strings.NewReader(cluster)}})
	if err != nil || loaded == nil {
		fmt.Println("not loaded:", err, diagnostics)
		return
	}
	fmt.Println(loaded.Policies[0].Name, "may be used by", loaded.Grants.Groups["system:authenticated"].Cluster)
	out, err := translate.Compile(ctx, loaded, translate.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, file := range out.Files {
		fmt.Println(file.Path)
	}
	// Output:
	// restricted may be used by [restricted]
	// lib/psp/dialect/dialect.rego
	// lib/psp/grants/data.json
	// lib/psp/policies/restricted.rego
	// lib/psp/target/target.rego
	// psp/provenance/data.json
}

// Load says where something is wrong, and what to do about it; then there is no cluster.
func ExampleLoad_wrongInput() {
	wrong := strings.Replace(cluster, "volumes:", "volume:", 1)
	loaded, diagnostics, err := translate.Load(context.Background(), []manifest.Source{{Name: "cluster.yaml", Reader: strings.NewReader(wrong)}})
	fmt.Println("loaded:", loaded != nil, "error:", err)
	fmt.Print(diagnostics)
	// Output:
	// loaded: false error: <nil>
	// cluster.yaml:10:3: error: spec.volume: unknown field [PSP012]
	//   hint: did you mean volumes?
}
