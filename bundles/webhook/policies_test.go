// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// TestModulesBesideTheBundlePassTheirTestsWhichCoverEveryLine is to these modules what make lint and make test-rego are to the library.
func TestModulesBesideTheBundlePassTheirTestsWhichCoverEveryLine(t *testing.T) {
	names, err := filepath.Glob("policies/*.rego")
	if err != nil || len(names) != 4 {
		t.Fatalf("%v %v", names, err)
	}
	modules := map[string]*ast.Module{}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.SourceWithOpts(name, source, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil || !bytes.Equal(formatted, source) {
			t.Errorf("%s: not formatted, %v", name, err)
		}
		modules[name], err = ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	strict := ast.NewCompiler().WithStrict(true)
	if strict.Compile(modules); strict.Failed() {
		t.Fatal(strict.Errors)
	}
	coverage := cover.New()
	results, err := tester.NewRunner().SetCompiler(ast.NewCompiler()).SetStore(inmem.New()).SetCoverageQueryTracer(coverage).Run(t.Context(), modules)
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for result := range results {
		if tested++; !result.Pass() {
			t.Errorf("%s %s", result.Location, result)
		}
	}
	if tested < 3 {
		t.Errorf("%d tests", tested)
	}
	for name, file := range coverage.Report(modules).Files {
		for _, lines := range file.NotCovered {
			if !strings.HasSuffix(name, "_test.rego") {
				t.Errorf("%s:%d: no test covers this", name, lines.Start.Row)
			}
		}
	}
}
