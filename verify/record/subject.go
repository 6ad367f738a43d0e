// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"psp2rego/verify"
	"psp2rego/verify/mutants"
	"psp2rego/verify/protocol"
)

// subject is a policy beside faulty versions of it, all in one engine.
type subject struct {
	name, path string
	module     *ast.Module
	usable     bool
	own        rego.PreparedEvalQuery             // what the policy says
	told       map[string]*rego.PreparedEvalQuery // which of some faulty versions say something else
	versions   []string
	compiler   *ast.Compiler
	opa        *verify.OPA // the bundle
	data       map[string]any
}

// says is what an answer depends on that is the policy's: what it writes to a pod that it accepts, or what it has against one.
const says = `package psp2rego.record

import data.lib.psp.policies

says(name) := {"writes": writes} if {
	policies[name].accepts == true
	writes := policies[name].writes
} else := {"violations": policies[name].violations} if {
	policies[name].provider == true
} else := "skipped"

own := says(%[1]s)

told(names) := {name | some name in names; not _same(name)}

_same(name) if says(name) == own
`

// subject puts the policy and its faulty versions into an engine without any other policy.
func (r *recorder) subject(ctx context.Context, name string) (*subject, error) {
	path := r.policies[name]
	s := &subject{name: name, path: path, module: r.modules[path], data: r.data, opa: r.opa, told: map[string]*rego.PreparedEvalQuery{}}
	modules := map[string]*ast.Module{}
	maps.Copy(modules, r.modules)
	for other, at := range r.policies {
		if other != name {
			delete(modules, at)
		}
	}
	quoted := quote(name)
	var err error
	if modules["record.rego"], err = ast.ParseModule("record.rego", fmt.Sprintf(says, quoted)); err != nil {
		return nil, err
	}
	if err := s.addVersions(modules, r.texts[path]); err != nil {
		return nil, err
	}
	if err := s.compile(modules); err != nil {
		return nil, err
	}
	s.own, err = s.prepare(ctx, "provider := data.lib.psp.policies["+quoted+"].provider; said := data.psp2rego.record.own")
	return s, err
}

// mostFaults bounds how many faulty versions are looked at, for they cost time. Which ones is as good as chance, and the same
// each time.
const mostFaults = 120

func digest(id string) string {
	sum := sha256.Sum256([]byte(id))
	return string(sum[:])
}

// addVersions adds the faulty versions, each as a policy of a name that no other one has, in a file of that name.
func (s *subject) addVersions(modules map[string]*ast.Module, text []byte) error {
	found, err := mutants.Of(s.path, text)
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b mutants.Mutant) int { return strings.Compare(digest(a.ID), digest(b.ID)) })
	for i := range found[:min(len(found), mostFaults)] {
		v := s.name + " " + strconv.Itoa(i)
		version, err := ast.ParseModule(v, string(found[i].Text))
		if err != nil {
			return err
		}
		ref := slices.Clone(version.Package.Path)
		ref[len(ref)-1] = ast.StringTerm(v)
		version.Package.Path = ref
		modules[v] = version
		s.versions = append(s.versions, v)
	}
	return nil
}

// compile compiles the modules, and takes those of the versions out that do not compile.
func (s *subject) compile(modules map[string]*ast.Module) error {
	for {
		s.compiler = ast.NewCompiler().SetErrorLimit(0)
		if s.compiler.Compile(modules); !s.compiler.Failed() {
			return nil
		}
		before := len(modules)
		for _, e := range s.compiler.Errors {
			if e.Location != nil && slices.Contains(s.versions, e.Location.File) {
				delete(modules, e.Location.File)
			}
		}
		if len(modules) == before {
			return s.compiler.Errors
		}
		s.versions = slices.DeleteFunc(s.versions, func(v string) bool { return modules[v] == nil })
	}
}

func (s *subject) prepare(ctx context.Context, query string) (rego.PreparedEvalQuery, error) {
	store := inmem.NewFromObjectWithOpts(s.data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	return rego.New(rego.Query(query), rego.Compiler(s.compiler), rego.Store(store), rego.StoreReadAST(true)).PrepareForEval(ctx)
}

// look gives what the policy shows at a request: its lines that are executed, and its faulty versions that say something else.
func (s *subject) look(ctx context.Context, request *protocol.Request) (lines, faults []string, err error) {
	review, err := reviewOf(request)
	if err != nil {
		return nil, nil, err
	}
	input, err := ast.InterfaceToValue(review)
	if err != nil {
		return nil, nil, err
	}
	tracer := cover.New()
	results, err := s.own.Eval(ctx, rego.EvalParsedInput(input), rego.EvalQueryTracer(tracer))
	if err != nil {
		return nil, nil, err
	}
	if len(results) != 1 {
		return nil, nil, errors.New("the policy says nothing")
	}
	s.usable = results[0].Bindings["provider"] == true
	report := tracer.Report(map[string]*ast.Module{s.path: s.module})
	for _, r := range report.Files[s.path].Covered { // an expression counts as covered for itself, whatever else stands in its line
		lines = append(lines, fmt.Sprint(r.Start.Row, r.Start.Col, r.End.Row, r.End.Col))
	}
	faults, err = s.tell(ctx, input, s.versions)
	return lines, faults, err
}

// rows are the lines of ranges, in order, each once.
func rows(ranges []cover.Range) []int {
	var all []int
	for _, r := range ranges {
		for row := r.Start.Row; row <= r.End.Row; row++ {
			all = append(all, row)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// tell gives those of the versions that say something else than the policy. One that OPA cannot evaluate does.
func (s *subject) tell(ctx context.Context, input ast.Value, versions []string) ([]string, error) {
	if len(versions) == 0 {
		return nil, nil
	}
	query, err := s.query(ctx, versions)
	if err != nil {
		return nil, err
	}
	results, err := query.Eval(ctx, rego.EvalParsedInput(input))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && len(versions) == 1:
		return versions, nil
	case err != nil:
		half := len(versions) / 2
		first, err := s.tell(ctx, input, versions[:half])
		if err != nil {
			return nil, err
		}
		second, err := s.tell(ctx, input, versions[half:])
		return append(first, second...), err
	case len(results) != 1:
		return nil, errors.New("the faulty versions say nothing")
	}
	told, _ := results[0].Bindings["told"].([]any)
	names := make([]string, len(told))
	for i, name := range told {
		names[i], _ = name.(string)
	}
	return names, nil
}

// query asks for those of the versions that say something else. It is prepared once for the same versions.
func (s *subject) query(ctx context.Context, versions []string) (*rego.PreparedEvalQuery, error) {
	key := versions[0] + " " + strconv.Itoa(len(versions))
	if s.told[key] == nil {
		names := make([]string, len(versions))
		for i, v := range versions {
			names[i] = quote(v)
		}
		prepared, err := s.prepare(ctx, "told := data.psp2rego.record.told({"+strings.Join(names, ", ")+"})")
		if err != nil {
			return nil, err
		}
		s.told[key] = &prepared
	}
	return s.told[key], nil
}
