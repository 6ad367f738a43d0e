// SPDX-License-Identifier: Apache-2.0

package rego_test

import (
	"bytes"
	"embed"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"

	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

// Limits of the house style. A test may be longer: its tables are data.
const (
	maxLines     = 150
	maxTestLines = 300
	maxColumns   = 120
)

// liveFolder holds what a ConstraintTemplate has instead of a module of the bundle, under the path of that.
const liveFolder = "gatekeeper/lib/"

// engines are the oldest OPA that has to run the library (Gatekeeper 3.19), that of Gatekeeper 3.23, and the one that is linked in.
var engines = []string{"v1.3.0", "v1.17.1", "current"}

func TestFilesAreFormatted(t *testing.T) {
	for name, source := range sources(t) {
		formatted, err := format.SourceWithOpts(name, source, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(source, formatted) {
			t.Errorf("%s is not as `opa fmt` writes it", name)
		}
	}
}

func TestFilesStayWithinTheLimits(t *testing.T) {
	for name, source := range sources(t) {
		limit := maxLines
		if isTest(name) {
			limit = maxTestLines
		}
		lines := strings.Split(strings.TrimSuffix(string(source), "\n"), "\n")
		if len(lines) > limit {
			t.Errorf("%s has %d lines, more than %d", name, len(lines), limit)
		}
		for i, line := range lines {
			if columns := len([]rune(line)); columns > maxColumns {
				t.Errorf("%s:%d has %d columns, more than %d", name, i+1, columns, maxColumns)
			}
		}
	}
}

func TestPackagesAreNamedAfterTheirFolders(t *testing.T) {
	files := sources(t)
	for name := range files {
		folder := path.Dir(name)
		if strings.HasPrefix(name, liveFolder) {
			folder = strings.TrimPrefix(folder, "gatekeeper/")
		}
		want := "data." + strings.ReplaceAll(folder, "/", ".")
		if got := parse(t, nil, name, files[name]).Package.Path.String(); !isTest(name) && got != want {
			t.Errorf("%s is package %s, want %s", name, got, want)
		}
		if _, tested := files[strings.TrimSuffix(name, ".rego")+"_test.rego"]; !isTest(name) && !tested {
			t.Errorf("%s has no test file beside it", name)
		}
		if strings.HasPrefix(folder, "lib/") && strings.TrimSuffix(path.Base(name), "_test.rego") != path.Base(folder) &&
			strings.TrimSuffix(path.Base(name), ".rego") != path.Base(folder) {
			t.Errorf("%s is not named after its folder", name)
		}
	}
}

// A bundle's manifest allows modules below these roots only, and system.main is an answer: a package below it would be part of it.
func TestPackagesOfTestsAreWithinTheRootsOfABundle(t *testing.T) {
	for name, source := range sources(t) {
		got := parse(t, nil, name, source).Package.Path.String() + "."
		bundled := !strings.HasPrefix(name, "gatekeeper/")
		if bundled && isTest(name) && !strings.HasPrefix(got, "data.lib.psp.") && !strings.HasPrefix(got, "data.psp.") {
			t.Errorf("%s is package %s", name, got)
		}
	}
}

func TestLibraryCompilesWithTranslatedPoliciesInEveryEngine(t *testing.T) {
	policies := translated(t, translate.DialectMKE)
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			c := capabilities(t, engine)
			modules := map[string]*ast.Module{}
			for name, source := range sources(t) {
				modules[name] = parse(t, c, name, source)
			}
			for name, source := range policies {
				modules[name] = parse(t, c, name, source)
			}
			compiler := ast.NewCompiler().WithCapabilities(c).WithStrict(true)
			if compiler.Compile(modules); compiler.Failed() {
				t.Error(compiler.Errors)
			}
		})
	}
}

func TestPackagesAndExportedRulesSayWhatTheyAre(t *testing.T) {
	packages := map[string]bool{}
	for name, module := range library(t) {
		documented := map[string]bool{}
		pkg := module.Package.Path.String()
		packages[pkg] = packages[pkg] || slices.ContainsFunc(module.Annotations, func(a *ast.Annotations) bool {
			return a.Scope == "package" && a.Title != "" && a.Description != ""
		})
		for _, a := range module.Annotations {
			if a.Description != "" && a.Scope != "package" {
				documented[a.GetTargetPath().String()] = true
			}
		}
		for _, rule := range module.Rules {
			if ref := pkg + "." + ruleName(rule); !strings.HasPrefix(ruleName(rule), "_") && !documented[ref] {
				t.Errorf("%s:%d: %s has no METADATA with a description", name, rule.Location.Row, ref)
			}
		}
	}
	for pkg, documented := range packages {
		if !documented {
			t.Errorf("package %s has no METADATA with title and description", pkg)
		}
	}
}

// Gatekeeper rewrites imports, but not full paths inside other terms: those would be undefined there without a word.
func TestReferencesGoThroughImports(t *testing.T) {
	inventory := ast.MustParseRef("data.inventory") // has another name nowhere
	for name, module := range library(t) {
		for _, imported := range module.Imports {
			target := imported.Path.String() + "."
			if !strings.HasPrefix(target, "data.lib.psp.") && !strings.HasPrefix(target, "data.psp.") {
				t.Errorf("%s:%d: imports %s", name, imported.Location.Row, imported.Path)
			}
		}
		for _, rule := range module.Rules {
			ast.WalkRefs(rule, func(ref ast.Ref) bool {
				root := ref[0].String()
				if strings.HasPrefix(name, liveFolder) && ref.HasPrefix(inventory) {
					return false
				}
				if root == "data" || root == "input" && module.Package.Path.String() != "data.lib.psp.request" {
					t.Errorf("%s:%d: refers to %s", name, ref[0].Location.Row, ref)
				}
				return false
			})
		}
	}
}

func TestBuiltinsDependOnTheirArgumentsAlone(t *testing.T) {
	forbidden := []string{"http.send", "net.lookup_ip_addr", "opa.runtime", "print", "rand.intn", "trace", "uuid.rfc4122"}
	for name, module := range library(t) {
		for _, rule := range module.Rules {
			ast.WalkRefs(rule, func(ref ast.Ref) bool {
				if call := ref.String(); slices.Contains(forbidden, call) || strings.HasPrefix(call, "time.") {
					t.Errorf("%s:%d: uses %s", name, ref[0].Location.Row, call)
				}
				return false
			})
		}
	}
}

// Whatever a check offers is used: by a policy that the translator writes, by another package of the library, or in a bundle that warns.
func TestExportedRulesAreUsed(t *testing.T) {
	modules := library(t)
	used := map[string]bool{}
	everything := maps.Clone(modules)
	for name, source := range translated(t, translate.DialectKubernetes) {
		everything[name] = parse(t, nil, name, source)
	}
	everything["warning/"+mutateModule] = parse(t, nil, mutateModule, warning(t))
	for _, module := range everything {
		pkg := module.Package.Path.String()
		imports := map[string]string{}
		for _, imported := range module.Imports {
			imports[string(imported.Name())] = imported.Path.String()
		}
		for _, rule := range module.Rules {
			ast.WalkRefs(rule, func(ref ast.Ref) bool {
				if target, ok := imports[ref[0].String()]; ok && target != pkg && len(ref) > 1 {
					used[target+"."+strings.Trim(ref[1].String(), `"`)] = true
				}
				return false
			})
		}
	}
	for name, module := range modules {
		for _, rule := range module.Rules {
			ref := module.Package.Path.String() + "." + ruleName(rule)
			if strings.HasPrefix(name, "lib/") && !strings.HasPrefix(ruleName(rule), "_") && !used[ref] {
				t.Errorf("%s:%d: nobody uses %s", name, rule.Location.Row, ref)
			}
		}
	}
}

func TestRegoTestsPassAndCoverEveryLine(t *testing.T) {
	modules := map[string]*ast.Module{}
	for name, source := range sources(t) {
		modules[name] = parse(t, nil, name, source)
	}
	coverage := cover.New()
	results, err := tester.NewRunner().
		SetCompiler(ast.NewCompiler()).
		SetStore(inmem.New()).
		SetCoverageQueryTracer(coverage).
		SetTimeout(time.Minute).
		Run(t.Context(), modules)
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for result := range results {
		tested++
		switch {
		case result.Error != nil || result.Fail || result.Skip:
			t.Errorf("%s\n%s", result.Location, result)
		case isTable(modules, result) && len(result.SubResults) == 0:
			t.Errorf("%s: %s.%s has no cases", result.Location, result.Package, result.Name)
		}
	}
	if tested == 0 {
		t.Error("there are no tests")
	}
	report := coverage.Report(modules)
	for _, name := range slices.Sorted(maps.Keys(report.Files)) {
		for _, lines := range report.Files[name].NotCovered {
			if !isTest(name) {
				t.Errorf("%s:%d: no test covers this", name, lines.Start.Row)
			}
		}
	}
}

// isTable reports whether the result is that of a test with named cases.
func isTable(modules map[string]*ast.Module, result *tester.Result) bool {
	return slices.ContainsFunc(modules[result.Location.File].Rules, func(rule *ast.Rule) bool {
		return ruleName(rule) == result.Name && len(rule.Head.Ref()) > 1
	})
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.rego") }

func ruleName(rule *ast.Rule) string { return rule.Head.Ref()[0].String() }

// sources returns every file of the library, and of what a ConstraintTemplate has beside it, by path.
func sources(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, library := range []embed.FS{rego.Files, rego.Gatekeeper} {
		before := len(files)
		err := fs.WalkDir(library, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if path.Ext(name) != ".rego" {
				t.Errorf("%s is no Rego module", name)
				return nil
			}
			files[name], err = library.ReadFile(name)
			return err
		})
		if err != nil || len(files) == before {
			t.Fatalf("%d files: %v", len(files), err)
		}
	}
	return files
}

// library returns the library's modules by path, without their tests.
func library(t *testing.T) map[string]*ast.Module {
	t.Helper()
	modules := map[string]*ast.Module{}
	for name, source := range sources(t) {
		if !isTest(name) {
			modules[name] = parse(t, nil, name, source)
		}
	}
	return modules
}

// translated returns the modules that the translator writes for testdata/cluster.yaml, by path.
func translated(t *testing.T, dialect string) map[string][]byte {
	t.Helper()
	source := manifest.Source{Name: "cluster.yaml", FS: os.DirFS("testdata"), Path: "cluster.yaml"}
	cluster, list, err := translate.Load(t.Context(), []manifest.Source{source})
	if err != nil || cluster == nil {
		t.Fatalf("load: %v %v", err, list)
	}
	out, err := translate.Compile(t.Context(), cluster, translate.Options{Dialect: dialect})
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string][]byte{}
	for _, file := range out.Files {
		if path.Ext(file.Path) == ".rego" {
			modules[file.Path] = file.Data
		}
	}
	return modules
}

func capabilities(t *testing.T, engine string) *ast.Capabilities {
	t.Helper()
	if engine == "current" {
		return ast.CapabilitiesForThisVersion()
	}
	c, err := ast.LoadCapabilitiesVersion(engine)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// parse reads a module as an engine with capabilities c does; nil stands for the engine that is linked in.
func parse(t *testing.T, c *ast.Capabilities, name string, source []byte) *ast.Module {
	t.Helper()
	options := ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true, Capabilities: c}
	module, err := ast.ParseModuleWithOpts(name, string(source), options)
	if err != nil {
		t.Fatal(err)
	}
	return module
}
