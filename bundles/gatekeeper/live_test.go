// SPDX-License-Identifier: Apache-2.0

package gatekeeper_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"sigs.k8s.io/yaml"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/bundles/opa"
	"psp2rego/rego"
)

// A template that reads RBAC has the module that reads it in the place of the grants, and nothing of those; all else is as in the other one.
func TestLiveTemplateReadsItsGrants(t *testing.T) {
	grants, err := rego.Gatekeeper.ReadFile("gatekeeper/lib/psp/grants/grants.rego")
	if err != nil {
		t.Fatal(err)
	}
	live := sourceOf(t, build(t, compiled(t), gatekeeper.Options{LiveRBAC: true})["template.yaml"])
	written := sourceOf(t, build(t, compiled(t), gatekeeper.Options{})["template.yaml"])
	if len(live.Libs) != len(written.Libs) || live.Rego != written.Rego {
		t.Fatalf("%d libs, and %d", len(live.Libs), len(written.Libs))
	}
	var differ []string
	for i, lib := range live.Libs {
		if lib != written.Libs[i] {
			differ = append(differ, lib)
		}
	}
	if len(differ) != 1 || differ[0] != string(grants) {
		t.Errorf("%d libs differ: %.200q", len(differ), differ)
	}
	if strings.Contains(strings.Join(written.Libs, ""), "data.inventory") {
		t.Error("a template whose grants are written down reads data.inventory")
	}
}

// It runs in the engines of old and new Gatekeepers, as the other one does.
func TestLiveTemplateCompilesInTheEnginesOfGatekeeper(t *testing.T) {
	for engine, v0 := range map[string]bool{"v0.57.0": true, "v0.68.0": true, "v1.3.0": false, "v1.17.1": false} {
		version := ast.RegoV1
		if v0 {
			version = ast.RegoV0
		}
		options := gatekeeper.Options{LiveRBAC: true, RegoV0: v0}
		compile(t, engine, version, sourceOf(t, build(t, compiled(t), options)["template.yaml"]))
	}
}

// The SyncSet is in the folder, in the kustomization and in the README of a template that reads RBAC, and in no other.
func TestSyncSetComesWithLiveGrants(t *testing.T) {
	for _, live := range []bool{false, true} {
		options := gatekeeper.Options{LiveRBAC: live}
		files := build(t, compiled(t), options)
		if again := build(t, compiled(t), options); !maps.EqualFunc(files, again, bytes.Equal) {
			t.Errorf("%t: other files the second time", live)
		}
		kustomization := struct{ Resources []string }{}
		if err := yaml.Unmarshal(files["kustomization.yaml"], &kustomization); err != nil {
			t.Fatal(err)
		}
		template := struct {
			Metadata struct{ Annotations map[string]string }
		}{}
		if err := yaml.Unmarshal(files["template.yaml"], &template); err != nil {
			t.Fatal(err)
		}
		for what, got := range map[string]bool{
			"file":          files["syncset.yaml"] != nil,
			"kustomization": slices.Contains(kustomization.Resources, "syncset.yaml"),
			"README":        bytes.Contains(files["README.md"], []byte("syncset.yaml")),
			"catalog":       bytes.Contains(files["catalog.yaml"], []byte("The template and its one constraint. Apply syncset.yaml before: until roles and bindings are copied, every pod is refused.")),
			"annotation":    template.Metadata.Annotations["metadata.gatekeeper.sh/requires-sync-data"] != "",
			"no grants":     !bytes.Contains(files["README.md"], []byte("A grant is a line")),
		} {
			if got != live {
				t.Errorf("%t: %s: %t", live, what, got)
			}
		}
	}
}

// What makes a template that reads its grants smaller is fewer policies.
func TestLiveTemplateThatIsTooLarge(t *testing.T) {
	out := compiled(t)
	for i, f := range out.Files {
		if strings.HasPrefix(f.Path, "lib/psp/policies/") && strings.HasSuffix(f.Path, ".rego") {
			out.Files[i].Data = append(bytes.Clone(f.Data), "# "+strings.Repeat("x", gatekeeper.MaxTemplate)+"\n"...)
			break
		}
	}
	_, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, out, opa.Meta{}, gatekeeper.Options{LiveRBAC: true})
	if !errors.Is(err, gatekeeper.ErrTooLarge) || !strings.Contains(err.Error(), "). Delete policies that nobody uses, or give OPA a bundle") ||
		strings.Contains(err.Error(), "--rbac") || strings.Contains(err.Error(), "grants") {
		t.Errorf("policies that are too large: %v", err)
	}
}

// Grants that are read take no place, and the library has to hold what reads them.
func TestLiveTemplateHasNoLimitOnGrants(t *testing.T) {
	users := map[string]any{}
	for i := range 20_000 {
		users[fmt.Sprintf("system:serviceaccount:team-%d:builder", i)] = map[string]any{"cluster": []string{"unprivileged"}}
	}
	out := withGrants(t, map[string]any{"users": users, "groups": map[string]any{}})
	if _, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, out, opa.Meta{}, gatekeeper.Options{LiveRBAC: true}); err != nil {
		t.Error(err)
	}
	_, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, out, opa.Meta{}, gatekeeper.Options{})
	if err == nil || !strings.Contains(err.Error(), "--rbac live") {
		t.Errorf("too many grants: %v", err)
	}
	for live, want := range map[bool]string{true: "", false: "lib/psp/grants/data.json: "} { // they are not even looked at
		_, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, withGrants(t, "none"), opa.Meta{}, gatekeeper.Options{LiveRBAC: live})
		if (err == nil) != live || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("grants that are none, %t: %v", live, err)
		}
	}
	if _, err := gatekeeper.Build(rego.Files, rego.Files, out, opa.Meta{}, gatekeeper.Options{LiveRBAC: true}); err == nil ||
		!strings.Contains(err.Error(), "read the Rego library: ") {
		t.Errorf("a library without the module: %v", err)
	}
}
