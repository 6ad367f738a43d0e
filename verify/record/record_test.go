// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
	"psp2rego/verify"
	"psp2rego/verify/cases"
)

const (
	mke     = "../../testdata/mke"
	cluster = "../../cmd/mutants/testdata" // sets every field
)

// native is the evaluator that the tests record from.
func native(t *testing.T) verify.NativeCommand {
	t.Helper()
	path := os.Getenv("PSP2REGO_NATIVE")
	if path == "" {
		t.Skip("PSP2REGO_NATIVE names no evaluator")
	}
	return verify.NativeCommand{Path: path}
}

func toBundle(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
	return opa.FromObjects(ctx, rego.Files, objects, opa.Meta{Engine: verify.OPAVersion(), Dialect: dialect})
}

func load(t *testing.T, folder string) []json.RawMessage {
	t.Helper()
	loaded, list, err := translate.Load(t.Context(), []manifest.Source{{Name: "input", FS: os.DirFS(folder), Path: "."}})
	if err != nil || loaded == nil {
		t.Fatal(err, list)
	}
	return loaded.Objects
}

func record(t *testing.T, objects []json.RawMessage, dialect string, cases, workers int) (Options, *Result) {
	t.Helper()
	tarball, err := toBundle(t.Context(), objects, dialect)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Native: native(t), Translate: toBundle, Bundle: tarball, Objects: objects, Dialect: dialect, Cases: cases, Workers: workers,
	}
	result, err := Tests(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return o, result
}

// TestEveryLineAndEveryCheckIsTested holds for policies that set each field, for a documented scenario and for odd policies.
func TestEveryLineAndEveryCheckIsTested(t *testing.T) {
	settings := cases.Defaults()
	settings.MaxPolicies = 2
	generated := cases.Generate(settings, 1, 3)
	for name, tc := range map[string]struct {
		objects []json.RawMessage
		dialect string
		cases   int
	}{
		"mke":       {load(t, mke), cases.MKE, 30},
		"cluster":   {load(t, cluster), cases.Kubernetes, 60},
		"generated": {generated.Objects, generated.Dialect, 60},
	} {
		if testing.Short() && name != "generated" {
			continue // under the race detector all of them take minutes
		}
		t.Run(name, func(t *testing.T) {
			_, result := record(t, tc.objects, tc.dialect, tc.cases, 2)
			if len(result.Policies) == 0 || len(result.Files) != len(result.Policies)+2 {
				t.Errorf("%d policies, %d files", len(result.Policies), len(result.Files))
			}
			for _, p := range result.Policies {
				// a pod that lax accepts sets what lax would fill in, which is told as undecided
				undecided := len(p.Undecided) > 0 && p.Name != "lax"
				if len(p.Uncovered) > 0 || undecided || p.Told != p.Faults || p.Usable && p.Cases < 3 || p.Lines == 0 {
					t.Errorf("%+v", p)
				}
			}
			for _, f := range result.Files {
				formatted, err := format.SourceWithOpts(f.Path, f.Data, format.Opts{RegoVersion: ast.RegoV1})
				if err != nil || !bytes.Equal(formatted, f.Data) || !strings.HasSuffix(f.Path, "_test.rego") {
					t.Errorf("%s: not in OPA's format, or not a test: %v", f.Path, err)
				}
			}
			for _, version := range []string{"v1.3.0", "v1.17.1"} {
				check(t, version, tc.objects, tc.dialect, result)
			}
		})
	}
}

// check is opa check --strict with the capabilities of a version.
func check(t *testing.T, version string, objects []json.RawMessage, dialect string, result *Result) {
	t.Helper()
	tarball, err := toBundle(t.Context(), objects, dialect)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := verify.ReadBundle(tarball)
	if err != nil {
		t.Fatal(err)
	}
	texts := bundle.Modules()
	for _, f := range result.Files {
		texts[f.Path] = f.Data
	}
	capabilities, err := ast.LoadCapabilitiesVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]*ast.Module{}
	for path, text := range texts {
		if modules[path], err = ast.ParseModuleWithOpts(path, string(text), ast.ParserOptions{RegoVersion: ast.RegoV1}); err != nil {
			t.Fatal(err)
		}
	}
	compiler := ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities)
	if compiler.Compile(modules); compiler.Failed() {
		t.Error(version, compiler.Errors)
	}
}

// small is a generated cluster with few policies, which are granted in odd ways.
func small() *cases.Cluster {
	settings := cases.Defaults()
	settings.MaxPolicies = 2
	return cases.Generate(settings, 1, 4)
}

// TestTheSameInputHasTheSameTests whatever the number of workers.
func TestTheSameInputHasTheSameTests(t *testing.T) {
	c := small()
	_, one := record(t, c.Objects, c.Dialect, 2, 1)
	_, two := record(t, c.Objects, c.Dialect, 2, 2)
	if d := cmp.Diff(one, two); d != "" {
		t.Error(d)
	}
	missed := 0
	for _, p := range one.Policies {
		if p.Cases > 2 || p.Usable && p.Wanted > 2 && p.Complete() {
			t.Errorf("%+v", p)
		}
		missed += p.Faults - p.Told + len(p.Undecided)
	}
	if missed == 0 {
		t.Error("two cases are enough for everything")
	}
}

func TestWhatCannotBeRecordedIsAnError(t *testing.T) {
	objects := load(t, cluster)
	tarball, err := toBundle(t.Context(), objects, cases.Kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	good := Options{Native: native(t), Translate: toBundle, Bundle: tarball, Objects: objects, Dialect: cases.Kubernetes, Cases: 1}
	for name, tc := range map[string]struct {
		change func(o *Options)
		want   string
	}{
		"no cases":       {func(o *Options) { o.Cases = 0 }, "between 1 and"},
		"too many cases": {func(o *Options) { o.Cases = MaxCases + 1 }, "between 1 and"},
		"no bundle":      {func(o *Options) { o.Bundle = []byte("x") }, "record: "},
		"no evaluator":   {func(o *Options) { o.Native.Path = "nowhere" }, "nowhere"},
		"no translation": {func(o *Options) {
			o.Translate = func(context.Context, []json.RawMessage, string) ([]byte, error) { return nil, errors.New("no") }
		}, "record: no"},
		"a bundle that differs": {func(o *Options) {
			o.Translate = func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
				return toBundle(ctx, slices.DeleteFunc(slices.Clone(objects), func(object json.RawMessage) bool {
					return bytes.Contains(object, []byte(`"ClusterRoleBinding"`))
				}), dialect)
			}
		}, "differs from native"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			tc.change(&o)
			result, err := Tests(t.Context(), o)
			if err == nil || result != nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

// failing runs the tests of a policy, with another text for its module, and says whether one fails; a module that does not
// compile fails.
func failing(ctx context.Context, texts map[string][]byte, data map[string]any, path string, text []byte) (bool, error) {
	modules := map[string]*ast.Module{}
	for name, own := range texts {
		if name == path {
			own = text
		}
		module, err := ast.ParseModule(name, string(own))
		if err != nil {
			return false, err
		}
		modules[name] = module
	}
	failed, err := run(ctx, modules, data, nil)
	if compiles := (ast.Errors)(nil); errors.As(err, &compiles) {
		return true, nil
	}
	if err != nil && ctx.Err() == nil { // a fault that OPA cannot evaluate
		return true, nil
	}
	return len(failed) > 0, ctx.Err()
}

// filesOf are the modules that the tests of a policy need.
func filesOf(texts map[string][]byte, result *Result, path string) map[string][]byte {
	all := map[string][]byte{}
	for name, text := range texts {
		if _, err := fs.Stat(rego.Files, name); err == nil || name == path || strings.Contains(name, "/dialect/") {
			all[name] = text
		}
	}
	stem := strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], ".rego")
	for _, f := range result.Files {
		if strings.HasSuffix(f.Path, "/answers_test.rego") || f.Path == fmt.Sprintf("psp/tests/policies/%s_test.rego", stem) {
			all[f.Path] = f.Data
		}
	}
	return all
}
