// SPDX-License-Identifier: Apache-2.0

package gatekeeper_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	oparego "github.com/open-policy-agent/opa/v1/rego"
	"sigs.k8s.io/yaml"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

// compiled is the MKE scenario, translated.
func compiled(t testing.TB) *translate.Output {
	t.Helper()
	source := manifest.Source{Name: "mke", FS: os.DirFS("../../testdata/mke"), Path: "."}
	cluster, list, err := translate.Load(t.Context(), []manifest.Source{source})
	if err != nil || cluster == nil {
		t.Fatalf("load: %v %v", err, list)
	}
	out, err := translate.Compile(t.Context(), cluster, translate.Options{Dialect: translate.DialectMKE})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// withGrants is the scenario with other grants.
func withGrants(t testing.TB, grants any) *translate.Output {
	t.Helper()
	out := compiled(t)
	for i, f := range out.Files {
		if f.Path == "lib/psp/grants/data.json" {
			data, err := json.Marshal(grants)
			if err != nil {
				t.Fatal(err)
			}
			out.Files[i].Data = data
		}
	}
	return out
}

func build(t testing.TB, out *translate.Output, options gatekeeper.Options) map[string][]byte {
	t.Helper()
	folder, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, out, opa.Meta{}, options)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range folder.Files {
		files[f.Path] = f.Data
	}
	return files
}

type source struct {
	Version string
	Rego    string
	Libs    []string
}

// sourceOf reads the template as Gatekeeper does.
func sourceOf(t testing.TB, text []byte) source {
	t.Helper()
	template := struct {
		Kind string
		Spec struct {
			Targets []struct {
				Target string
				Code   []struct {
					Engine string
					Source source
				}
				Rego string
				Libs []string
			}
		}
	}{}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	if template.Kind != "ConstraintTemplate" || len(template.Spec.Targets) != 1 || template.Spec.Targets[0].Target != "admission.k8s.gatekeeper.sh" {
		t.Fatalf("%s with targets %v", template.Kind, template.Spec.Targets)
	}
	only := template.Spec.Targets[0]
	if len(only.Code) == 0 {
		return source{"", only.Rego, only.Libs}
	}
	if len(only.Code) != 1 || only.Code[0].Engine != "Rego" || only.Rego != "" {
		t.Fatalf("code %v", only.Code)
	}
	return only.Code[0].Source
}

// The template has the bytes of the bundle: what was verified there is what decides here.
func TestTemplateHoldsTheModulesOfTheBundle(t *testing.T) {
	out := compiled(t)
	got := sourceOf(t, build(t, out, gatekeeper.Options{})["template.yaml"])
	if got.Version != "v1" {
		t.Errorf("version %q", got.Version)
	}
	libs := map[string]bool{}
	for _, lib := range got.Libs {
		libs[lib] = true
	}
	bundle, err := opa.Build(rego.Files, out, opa.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	modules := 1 // the grants
	for _, f := range bundle.Files {
		if !strings.HasPrefix(f.Path, "lib/") || path.Ext(f.Path) != ".rego" || strings.HasSuffix(f.Path, "_test.rego") {
			continue
		}
		modules++
		if !libs[string(f.Data)] {
			t.Errorf("%s is not in the template", f.Path)
		}
	}
	if len(got.Libs) != modules || modules < 35 {
		t.Errorf("%d libs, want %d", len(got.Libs), modules)
	}
}

// Gatekeeper 3.19 embeds OPA 1.3.0, and 3.23 OPA 1.17.1.
func TestTemplateCompilesInTheEnginesOfGatekeeper(t *testing.T) {
	for _, engine := range []string{"v1.3.0", "v1.17.1"} {
		compile(t, engine, ast.RegoV1, sourceOf(t, build(t, compiled(t), gatekeeper.Options{})["template.yaml"]))
	}
}

// Gatekeeper 3.14 embeds OPA 0.57, and 3.18 OPA 0.68; they read what has no version as the Rego before v1.
func TestTemplateForOldGatekeepersCompilesInTheirEngines(t *testing.T) {
	for _, engine := range []string{"v0.57.0", "v0.68.0", "v1.17.1"} {
		got := sourceOf(t, build(t, compiled(t), gatekeeper.Options{RegoV0: true})["template.yaml"])
		if got.Version != "" {
			t.Errorf("version %q", got.Version)
		}
		compile(t, engine, ast.RegoV0, got)
	}
}

// compile does what Gatekeeper demands of a template: imports of data.lib alone, no full path beside them but data.inventory, no other root.
func compile(t *testing.T, engine string, version ast.RegoVersion, from source) {
	t.Helper()
	capabilities, err := ast.LoadCapabilitiesVersion(engine)
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]*ast.Module{}
	for i, text := range append([]string{from.Rego}, from.Libs...) {
		module, err := ast.ParseModuleWithOpts(fmt.Sprint(i), text, ast.ParserOptions{RegoVersion: version, Capabilities: capabilities})
		if err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		if pkg := module.Package.Path.String(); i > 0 && !strings.HasPrefix(pkg, "data.lib.") {
			t.Errorf("%s: a lib is package %s", engine, pkg)
		}
		for _, imported := range module.Imports {
			if p := imported.Path.String(); !strings.HasPrefix(p, "data.lib.") && p != "future.keywords" {
				t.Errorf("%s: %s imports %s", engine, module.Package, p)
			}
		}
		for _, rule := range module.Rules {
			ast.WalkRefs(rule, func(ref ast.Ref) bool {
				if ref[0].String() == "data" && !ref.HasPrefix(ast.MustParseRef("data.inventory")) {
					t.Errorf("%s: %s refers to %s", engine, module.Package, ref)
				}
				return false
			})
		}
		modules[module.Package.Path.String()] = module
	}
	if len(modules) != 1+len(from.Libs) {
		t.Errorf("%s: %d packages in %d modules", engine, len(modules), 1+len(from.Libs))
	}
	compiler := ast.NewCompiler().WithCapabilities(capabilities)
	if compiler.Compile(modules); compiler.Failed() {
		t.Errorf("%s: %v", engine, compiler.Errors)
	}
	if len(compiler.GetRulesExact(ast.MustParseRef("data.gatekeeper.violation"))) == 0 {
		t.Errorf("%s: no violation", engine)
	}
}

// Whatever RBAC names subjects, it neither becomes Rego nor YAML, nor gets lost.
func TestGrantsAreTheSameAsInTheBundle(t *testing.T) {
	hostile := "a\"b\\\n---\n\t#: \u2028\u0085\u0000\x7f`'{{<&> \U0001F600"
	want := map[string]any{
		"users":  map[string]any{hostile: map[string]any{"cluster": []any{"*"}}, "jane": map[string]any{"namespaces": map[string]any{hostile: []any{"a", "b"}}}},
		"groups": map[string]any{},
	}
	for _, v0 := range []bool{false, true} {
		text := build(t, withGrants(t, want), gatekeeper.Options{RegoV0: v0})["template.yaml"]
		for _, lib := range sourceOf(t, text).Libs {
			if !strings.Contains(lib, "package lib.psp.grants\n") {
				continue
			}
			version := ast.RegoV1
			if v0 {
				version = ast.RegoV0
			}
			results, err := oparego.New(
				oparego.Query("g := {\"users\": data.lib.psp.grants.users, \"groups\": data.lib.psp.grants.groups}"),
				oparego.Module("grants.rego", lib), oparego.SetRegoVersion(version),
			).Eval(t.Context())
			if err != nil || len(results) != 1 {
				t.Fatalf("%d results, %v\n%s", len(results), err, lib)
			}
			if got := results[0].Bindings["g"]; !reflect.DeepEqual(got, any(want)) {
				t.Errorf("got %q\nwant %q", got, want)
			}
			want["seen"] = true
		}
		if want["seen"] == nil {
			t.Error("no grants")
		}
		delete(want, "seen")
	}
}

func TestBuildIsAFunctionOfItsArguments(t *testing.T) {
	for _, options := range []gatekeeper.Options{{}, {RegoV0: true, EnforcementAction: gatekeeper.Scoped}} {
		a, b := build(t, compiled(t), options), build(t, compiled(t), options)
		if len(a) != 7 {
			t.Errorf("%d files", len(a))
		}
		for name, data := range a {
			if !bytes.Equal(data, b[name]) {
				t.Errorf("%s is another one the second time", name)
			}
		}
	}
}

func TestEnforcementAction(t *testing.T) {
	for action, want := range map[string]string{
		"": "deny", gatekeeper.Deny: "deny", gatekeeper.DryRun: "dryrun", gatekeeper.Warn: "warn", gatekeeper.Scoped: "scoped",
	} {
		read := struct {
			Spec struct {
				EnforcementAction        string
				ScopedEnforcementActions []struct {
					Action            string
					EnforcementPoints []struct{ Name string }
				}
			}
		}{}
		if err := yaml.Unmarshal(build(t, compiled(t), gatekeeper.Options{EnforcementAction: action})["constraint.yaml"], &read); err != nil {
			t.Fatal(err)
		}
		if read.Spec.EnforcementAction != want {
			t.Errorf("%q: %s", action, read.Spec.EnforcementAction)
		}
		got := fmt.Sprint(read.Spec.ScopedEnforcementActions)
		if scoped := got == "[{deny [{validation.gatekeeper.sh} {gator.gatekeeper.sh}]}]"; scoped != (want == "scoped") || !scoped && got != "[]" {
			t.Errorf("%q: %s", action, got)
		}
	}
	if _, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, compiled(t), opa.Meta{}, gatekeeper.Options{EnforcementAction: "denied"}); err == nil ||
		!strings.Contains(err.Error(), `"denied": choose deny, dryrun, warn, scoped`) {
		t.Errorf("an unknown action: %v", err)
	}
}

// The limit is that of the stored object, and ten thousand grants are below it.
func TestSize(t *testing.T) {
	granted := func(n int) map[string]any {
		users := map[string]any{}
		for i := range n {
			users[fmt.Sprintf("system:serviceaccount:team-%d:builder", i)] = map[string]any{"namespaces": map[string]any{fmt.Sprintf("team-%d", i): []string{"unprivileged"}}}
		}
		return map[string]any{"users": users, "groups": map[string]any{}}
	}
	text := build(t, withGrants(t, granted(10_000)), gatekeeper.Options{})["template.yaml"]
	stored, err := yaml.YAMLToJSON(text)
	if err != nil || len(stored) > gatekeeper.MaxTemplate {
		t.Errorf("%d bytes, %v", len(stored), err)
	}
	t.Logf("10000 grants: %d bytes of YAML, %d of JSON", len(text), len(stored))
	long := map[string]any{"users": map[string]any{strings.Repeat("x", gatekeeper.MaxTemplate): map[string]any{"cluster": []string{"*"}}}}
	_, err = gatekeeper.Build(rego.Files, rego.Gatekeeper, withGrants(t, long), opa.Meta{}, gatekeeper.Options{})
	if !errors.Is(err, gatekeeper.ErrTooLarge) || !strings.Contains(err.Error(), "Bind policies to groups") {
		t.Errorf("too many grants: %v", err)
	}
}
