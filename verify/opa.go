// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	opaversion "github.com/open-policy-agent/opa/v1/version"

	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

// OPAVersion is the version of the OPA that is linked in.
func OPAVersion() string { return opaversion.Version }

// OPA is an emitted bundle in the OPA engine, in process. It may be used concurrently.
type OPA struct {
	mutate, validate, explain rego.PreparedEvalQuery
	main                      *rego.PreparedEvalQuery // nil for a bundle without data.system.main
	// server is the API server that the bundle is for, by its own account.
	server server.Version
}

// LoadBundle loads the bytes of a bundle (.tar.gz) as OPA would: through its loader, its bundle
// reader and its compiler. Test modules (*_test.rego) are left out: they decide nothing, and OPA takes --ignore for them, too.
func LoadBundle(ctx context.Context, tarball []byte) (*OPA, error) {
	return load(ctx, loader.NewFileLoader().WithReader(bytes.NewReader(tarball)), "bundle.tar.gz")
}

// LoadBundlePath is LoadBundle for a folder or a file.
func LoadBundlePath(ctx context.Context, path string) (*OPA, error) {
	return load(ctx, loader.NewFileLoader(), path)
}

func load(ctx context.Context, files loader.FileLoader, path string) (*OPA, error) {
	read, err := readAsOPA(files, path)
	if err != nil {
		return nil, err
	}
	compiler, err := compiled(read.ParsedModules("bundle"))
	if err != nil {
		return nil, err
	}
	return newOPA(ctx, compiler, storeOf(read.Data))
}

// readAsOPA reads a bundle by OPA's own reader, without the test modules. A signature is not verified: it says who made the
// bundle, and what is judged here is what the bundle decides.
func readAsOPA(files loader.FileLoader, path string) (*bundle.Bundle, error) {
	noTests := func(path string, info fs.FileInfo, _ int) bool {
		return !info.IsDir() && strings.HasSuffix(path, "_test.rego")
	}
	return files.WithFilter(noTests).WithSkipBundleVerification(true).AsBundle(path)
}

// compiled compiles copies of the modules.
func compiled(modules map[string]*ast.Module) (*ast.Compiler, error) {
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("bundle: %w", compiler.Errors)
	}
	return compiler, nil
}

func storeOf(data map[string]any) storage.Store {
	return inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
}

// newOPA prepares the questions to a compiled bundle.
func newOPA(ctx context.Context, compiler *ast.Compiler, store storage.Store) (*OPA, error) {
	o := &OPA{server: target(compiler)}
	queries := map[string]*rego.PreparedEvalQuery{
		"review := data.psp.mutate; " + blocksQuery:   &o.mutate,
		"review := data.psp.validate; " + blocksQuery: &o.validate,
		"review := data.psp.explain":                  &o.explain,
	}
	if entryPoints(compiler)[entryMain] {
		o.main = &rego.PreparedEvalQuery{}
		queries["same := data.system.main == data.psp.validate"] = o.main
	}
	for query, prepared := range queries {
		var err error
		if *prepared, err = rego.New(
			rego.Query(query), rego.Compiler(compiler), rego.Store(store), rego.StoreReadAST(true),
		).PrepareForEval(ctx); err != nil {
			return nil, fmt.Errorf("bundle: %s: %w", query, err)
		}
	}
	return o, nil
}

// target is the API server that a bundle of psp2rego is for; native, where the bundle does not say.
func target(compiler *ast.Compiler) server.Version {
	for _, rule := range compiler.GetRulesExact(ast.MustParseRef("data.lib.psp.target.minor")) {
		if minor, ok := rule.Head.Value.Value.(ast.Number); ok {
			if n, ok := minor.Int(); ok {
				return server.Version(n)
			}
		}
	}
	return server.Native
}

// blocksQuery asks, about a refusal only, for what its message was made of: the evaluation has it at hand. Bundles that are not
// psp2rego's have no such document, and may answer with anything: walk takes that.
const blocksQuery = `blocks := [block | walk(review, [["response", "allowed"], false]); some block in data.psp.refusal]`

// Evaluate asks the entry point of the phase. Whatever is wrong with the bundle is a fault in the
// verdict; an error means that the request cannot be turned into an AdmissionReview.
func (o *OPA) Evaluate(ctx context.Context, phase Phase, request *protocol.Request) (*Verdict, error) {
	input, err := reviewInput(request)
	if err != nil {
		return nil, err
	}
	return o.evaluate(ctx, phase, request, input)
}

func (o *OPA) evaluate(ctx context.Context, phase Phase, request *protocol.Request, input ast.Value) (*Verdict, error) {
	query := &o.mutate
	if phase == Validate {
		query = &o.validate
	}
	documents, err := ask(ctx, query, input)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return &Verdict{Fault: err.Error()}, nil
	}
	verdict, err := readReview(documents["review"], phase)
	if err != nil {
		return &Verdict{Fault: err.Error()}, nil
	}
	verdict.blocks = readBlocks(documents["blocks"])
	if phase == Mutate && verdict.Allowed {
		if verdict.Object, err = patched(request.Object, verdict.Patch); err != nil {
			return &Verdict{Fault: "patch: " + err.Error()}, nil
		}
	}
	complete := phase == Mutate && verdict.Allowed && verdict.Handled && !o.server.Newer() // newer servers need more written than a policy does
	if err := checkWarnings(documents["review"], verdict, request.Object, complete); err != nil {
		return &Verdict{Fault: "warnings: " + err.Error()}, nil
	}
	return verdict, nil
}

// checkMain makes sure that OPA's default decision, if the bundle makes one, is the validating phase's. An error is a fault of the bundle.
func (o *OPA) checkMain(ctx context.Context, input ast.Value) error {
	if o.main == nil {
		return nil
	}
	documents, err := ask(ctx, o.main, input)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", entryMain, err)
	case documents["same"] != true:
		return fmt.Errorf("%s is another answer than %s", entryMain, entryValidate)
	}
	return nil
}

func ask(ctx context.Context, query *rego.PreparedEvalQuery, input ast.Value) (rego.Vars, error) {
	results, err := query.Eval(ctx, rego.EvalParsedInput(input))
	switch {
	case err != nil:
		return nil, err
	case len(results) == 0:
		return nil, errors.New("the entry point is undefined")
	case len(results) > 1:
		return nil, errors.New("the entry point has several values")
	}
	return results[0].Bindings, nil
}
