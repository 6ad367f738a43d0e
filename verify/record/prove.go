// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// prove runs the tests as `opa test --coverage` does, makes sure that they pass, and fills in what they cover.
func (r *recorder) prove(ctx context.Context) error {
	modules := maps.Clone(r.modules)
	for _, f := range r.result.Files {
		module, err := ast.ParseModule(f.Path, string(f.Data))
		if err != nil {
			return err
		}
		modules[f.Path] = module
	}
	tracer := cover.New()
	failed, err := run(ctx, modules, r.data, tracer)
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("the bundle does not pass the tests that were recorded for it: %s", strings.Join(failed, ", "))
	}
	policies := map[string]*ast.Module{}
	for _, path := range r.policies {
		policies[path] = r.modules[path]
	}
	report := tracer.Report(policies)
	for i := range r.result.Policies {
		p := &r.result.Policies[i]
		file := report.Files[r.policies[p.Name]]
		p.Uncovered = rows(file.NotCovered)
		p.Lines = len(rows(file.Covered)) + len(p.Uncovered)
	}
	return nil
}

// run runs the tests among the modules, and names those that fail. The tracer, if there is one, is told what they execute.
func run(ctx context.Context, modules map[string]*ast.Module, data map[string]any, tracer *cover.Cover) (failed []string, err error) {
	store := inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false))
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{Write: false})
	if err != nil {
		return nil, err
	}
	defer store.Abort(ctx, txn)
	runner := tester.NewRunner().SetStore(store).SetModules(modules).SetTimeout(time.Minute).CapturePrintOutput(false)
	if tracer != nil {
		runner.SetCoverageQueryTracer(tracer).SetCoverageRuns(nil)
	}
	results, err := runner.RunTests(ctx, txn)
	if err != nil {
		return nil, err
	}
	ran := 0
	for result := range results {
		ran++
		switch {
		case result.Error != nil:
			err = errors.Join(err, fmt.Errorf("%s.%s: %w", result.Package, result.Name, result.Error))
		case !result.Pass():
			failed = append(failed, result.String())
		}
	}
	if ran == 0 && err == nil && ctx.Err() == nil {
		err = errors.New("there are no tests")
	}
	return failed, errors.Join(err, ctx.Err())
}
