// SPDX-License-Identifier: Apache-2.0

package rego_test

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"

	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
)

const mutateModule = "psp/mutate.rego"

// warning is the entry point for creations as a bundle has it that warns of what policies fill in.
func warning(t *testing.T) []byte {
	t.Helper()
	bundle, err := opa.Build(rego.Files, &translate.Output{}, opa.Meta{WarnDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range bundle.Files {
		if f.Path == mutateModule {
			return f.Data
		}
	}
	t.Fatalf("no %s", mutateModule)
	return nil
}

// Whoever owns a bundle that warns runs the same tests as everyone else.
func TestRegoTestsPassInABundleThatWarns(t *testing.T) {
	modules := map[string]*ast.Module{}
	for name, source := range sources(t) {
		modules[name] = parse(t, nil, name, source)
	}
	modules[mutateModule] = parse(t, nil, mutateModule, warning(t))
	compiler := ast.NewCompiler().WithStrict(true)
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	results, err := tester.NewRunner().SetCompiler(ast.NewCompiler()).Filter(`^data\.psp\.mutate_test\.`).Run(t.Context(), modules)
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for result := range results {
		if tested++; !result.Pass() {
			t.Errorf("%s %s", result.Location, result)
		}
	}
	if tested < 5 {
		t.Errorf("%d tests", tested)
	}
}
