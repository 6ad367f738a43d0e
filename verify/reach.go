// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"psp2rego/verify/protocol"
)

// lookups is a tracer that notes the rules which are looked up, by their names.
type lookups map[string]ast.Ref

// Enabled makes the engine tell.
func (lookups) Enabled() bool { return true }

// Config asks for nothing that costs.
func (lookups) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent notes a rule, or a function. The engine consults no other ones: it asks the index first.
func (l lookups) TraceEvent(event topdown.Event) {
	if event.Op != topdown.IndexOp || event.Ref == nil {
		return
	}
	prefix := event.Ref.GroundPrefix()
	if name := prefix.String(); l[name] == nil {
		l[name] = prefix.Copy()
	}
}

// reached are the cases of a unit, by their places in it, that look up a rule of a name.
type reached struct {
	ref   ast.Ref
	cases []int
}

// Reach tells at which of a unit's cases, by their places in it, the bundle as it is looks at a rule,
// or at something above or below it: another rule of that name makes no difference to the other cases.
// Without a rule it is all of them. An error means that the cases could not be put, or that the bundle
// as it is differs from native.
func (r *Recording) Reach(ctx context.Context, unit int, rule ast.Ref) ([]int, error) {
	if err := r.record(ctx, unit); err != nil {
		return nil, err
	}
	u := r.units[unit]
	met := make([]bool, len(u.asked))
	for _, other := range u.traced {
		if ground := rule.GroundPrefix(); ground.HasPrefix(other.ref) || other.ref.HasPrefix(ground) {
			for _, i := range other.cases {
				met[i] = true
			}
		}
	}
	var cases []int
	for i, yes := range met {
		if yes || len(rule) == 0 {
			cases = append(cases, i)
		}
	}
	return cases, nil
}

// trace runs the bundle as it is over all cases of a unit.
func (r *Recording) trace(ctx context.Context, u *recordedUnit, opa *OPA) ([]reached, error) {
	places := map[string]int{}
	var all []reached
	for i := range u.asked {
		seen := lookups{}
		if err := opa.trace(ctx, u.asked[i].answer, seen); err != nil {
			return nil, fmt.Errorf("%s: %w", r.what(&u.unit, u.asked[i].Index), err)
		}
		for name, ref := range seen {
			place, known := places[name]
			if !known {
				place = len(all)
				places[name] = place
				all = append(all, reached{ref: ref})
			}
			all[place].cases = append(all[place].cases, i)
		}
	}
	return all, nil
}

// trace asks everything that a case may ask of a bundle that agrees with native: both phases, for
// each refusal the explanation, and OPA's default decision.
func (o *OPA) trace(ctx context.Context, answer *protocol.Answer, tracer topdown.QueryTracer) error {
	asked, err := o.Asked(answer.Request)
	if err != nil {
		return err
	}
	var ours *Verdict
	if o.server.Newer() { // then validation is asked about what came of mutation
		if ours, err = o.Evaluate(ctx, Mutate, asked); err != nil {
			return err
		}
	}
	created, err := createdBy(o.server, answer, asked, ours)
	if err != nil {
		return err
	}
	for _, p := range []struct {
		query   *rego.PreparedEvalQuery
		request *protocol.Request
		allowed bool
	}{{&o.mutate, asked, answer.Admit.Allowed}, {&o.validate, created, answer.Validate.Allowed}} {
		input, err := reviewInput(p.request)
		if err != nil {
			return err
		}
		queries := []*rego.PreparedEvalQuery{p.query}
		if !p.allowed {
			queries = append(queries, &o.explain)
		}
		if p.query == &o.validate && o.main != nil {
			queries = append(queries, o.main)
		}
		for _, query := range queries {
			if _, err := query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalQueryTracer(tracer)); err != nil {
				return err
			}
		}
	}
	return nil
}
