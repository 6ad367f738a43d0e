// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	syncsetv1alpha1 "github.com/open-policy-agent/gatekeeper/v3/apis/syncset/v1alpha1"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/cachemanager/parser"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// translate has psp2rego write the cluster for Gatekeeper, and gives the folder. An empty cluster is one of files, which the flags name from the top of the repository.
func translate(t testing.TB, cluster string, flags ...string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "out")
	args := append([]string{"run", "-trimpath", "./cmd/psp2rego", "translate", "--target", "gatekeeper", "-o", folder}, flags...)
	if cluster != "" {
		args = append(args, "-f", "-")
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Stdin = filepath.Join("..", ".."), strings.NewReader(cluster)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errors.String())
	}
	return folder
}

// emitted has a new session judge by a folder, in a cluster of the objects.
func emitted(t testing.TB, folder string, objects ...string) *session {
	t.Helper()
	s := &session{}
	cluster := map[string]any{"paths": []string{folder}, "objects": raw(objects)}
	if a := ask(t, s, map[string]any{"id": 1, "op": "cluster", "cluster": cluster}); a.Error != nil {
		t.Fatal(a.Error)
	}
	return s
}

const (
	onePolicy = `{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"one"},"spec":{"volumes":["*"],"runAsUser":{"rule":"RunAsAny"},
		"seLinux":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"}}}`
	useOne = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"use-one"},"rules":[
		{"verbs":["use"],"apiGroups":["policy"],"resources":["podsecuritypolicies"],"resourceNames":["one"]}]}`
	jeffUsesOne = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"one","namespace":"ns"},
		"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"use-one"},
		"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"jeff"}]}`
)

// What a template that reads RBAC says it needs, in the words of Gatekeeper's parser, is what the SyncSet beside it has synced.
func TestSyncSetHasWhatTheTemplateRequires(t *testing.T) {
	for _, flags := range [][]string{{"--rbac", "live"}, {"--rbac", "live", "--rego-v0"}} {
		manifests, _, err := readManifests([]string{translate(t, onePolicy, flags...)})
		if err != nil {
			t.Fatal(err)
		}
		all := sort(manifests)
		if len(all.templates) != 1 || len(all.settings) != 1 {
			t.Fatalf("%d templates, %d settings", len(all.templates), len(all.settings))
		}
		template, err := toTemplate(all.templates[0].Unstructured)
		if err != nil {
			t.Fatal(err)
		}
		required, err := parser.ReadSyncRequirements(template)
		if err != nil {
			t.Fatal(err)
		}
		set := syncsetv1alpha1.SyncSet{}
		err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(all.settings[0].Object, &set, true)
		if err != nil {
			t.Fatal(err)
		}
		synced := map[schema.GroupVersionKind]bool{}
		for _, entry := range set.Spec.GVKs {
			synced[entry.ToGroupVersionKind()] = true
		}
		for _, alternatives := range required {
			for kind := range alternatives {
				if len(alternatives) != 1 || !synced[kind] {
					t.Errorf("%s is not synced", alternatives)
				}
			}
		}
		if len(required) != 4 || len(synced) != 4 {
			t.Errorf("%d are required, %d synced", len(required), len(synced))
		}
	}
}

// A template that reads RBAC follows the cluster, in the Rego of every Gatekeeper, and lets nobody use anything before RBAC is synced.
func TestLiveGrantsFollowTheCluster(t *testing.T) {
	const refused = "[podsecuritypolicies] PodSecurityPolicy: "
	for _, flags := range [][]string{{"--rbac", "live"}, {"--rbac", "live", "--rego-v0"}} {
		folder := translate(t, onePolicy, flags...)
		pod := `{"containers":[{"name":"c","image":"i"}]}`
		for name, tc := range map[string]struct {
			paths   string
			objects []string
			want    string
		}{
			"nobody is bound": {folder, nil, refused + "unable to validate pod: []"},
			"bound":           {folder, []string{useOne, jeffUsesOne}, "allowed"},
			"no role":         {folder, []string{jeffUsesOne}, refused + "unable to validate pod: []"},
			"elsewhere":       {folder, []string{useOne, strings.Replace(jeffUsesOne, `"namespace":"ns"`, `"namespace":"other"`, 1)}, refused + "unable to validate pod: []"},
		} {
			if got := verdictOf(t, review(t, emitted(t, tc.paths, tc.objects...), pod)); got != tc.want {
				t.Errorf("%q: %s: %s", flags, name, got)
			}
		}
		s := &session{}
		cluster := map[string]any{
			"paths":   []string{filepath.Join(folder, "template.yaml"), filepath.Join(folder, "constraint.yaml")},
			"objects": raw([]string{useOne, jeffUsesOne}),
		}
		if a := ask(t, s, map[string]any{"id": 1, "op": "cluster", "cluster": cluster}); a.Error != nil {
			t.Fatal(a.Error)
		}
		want := refused + "Gatekeeper has not synced RBAC: data.inventory has no ClusterRole and no ClusterRoleBinding, " +
			"and every API server has some; apply the SyncSet, or wait"
		if got := verdictOf(t, review(t, s, pod)); got != want {
			t.Errorf("%q: without the SyncSet: %s", flags, got)
		}
	}
}

// bindings are ClusterRoleBindings as clusters have them, each of a service account of its own to the role "use".
func bindings(n int) []string {
	all := make([]string, n)
	for i := range all {
		data, err := json.Marshal(map[string]any{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
			"metadata": map[string]any{
				"name": fmt.Sprintf("binding-%d", i), "uid": fmt.Sprintf("7d1c3cc0-0d65-4e4c-9d4e-%012d", i), "resourceVersion": fmt.Sprint(i),
				"creationTimestamp": "2022-01-01T00:00:00Z", "labels": map[string]any{"app": fmt.Sprintf("app-%d", i)},
			},
			"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "use"},
			"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": fmt.Sprintf("builder-%d", i), "namespace": fmt.Sprintf("team-%d", i%97)}},
		})
		if err != nil {
			panic(err)
		}
		all[i] = string(data)
	}
	return all
}
