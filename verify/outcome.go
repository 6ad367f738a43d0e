// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"psp2rego/verify/protocol"
)

// outcome is what both sides said to one case.
type outcome struct {
	thorough     bool
	prepared     *protocol.Request
	apiErrors    []string
	discarded    bool
	native, ours map[Phase]*Verdict
	differences  []*Difference
	known        string        // id of the known difference that was met
	excused      []*Difference // those that it covers, taken out of differences
	invalid      bool          // API validation would refuse the pod after native admitted it
}

// thoroughEvery is how seldom the explanation of a refusal is checked although the messages agree.
const thoroughEvery = 16

// examine asks the bundle what the evaluator answered to the request sent, phase by phase, and
// compares. A thorough look makes sure that the explanation of a refusal says what the refusal says, and that
// data.system.main answers as data.psp.validate does.
func examine(ctx context.Context, opa *OPA, sent *protocol.Request, answer *protocol.Answer, thorough bool) (outcome, error) {
	o := outcome{thorough: thorough, native: map[Phase]*Verdict{}, ours: map[Phase]*Verdict{}}
	asked, err := opa.Asked(answer.Request)
	if err != nil {
		return o, err
	}
	o.prepared = asked
	if answer.Created != nil {
		o.apiErrors = answer.Created.Errors
	}
	old, err := astValue(asked.OldObject)
	if err != nil {
		return o, fmt.Errorf("oldObject: %w", err)
	}
	native, err := nativeVerdict(answer.Admit)
	if err != nil {
		return o, err
	}
	if err := o.phase(ctx, opa, Mutate, native, asked, old); err != nil {
		return o, err
	}
	if native, err = validation(opa.server, answer, asked); err != nil {
		return o, err
	}
	created, err := createdBy(opa.server, answer, asked, o.ours[Mutate])
	if err != nil {
		return o, err
	}
	if err := o.phase(ctx, opa, Validate, native, created, old); err != nil {
		return o, err
	}
	o.sortOut(sent)
	return o, nil
}

// phase asks the bundle and compares its verdict with native's.
func (o *outcome) phase(ctx context.Context, opa *OPA, phase Phase, native *Verdict, request *protocol.Request, old ast.Value) error {
	object, err := astValue(request.Object)
	if err != nil {
		return fmt.Errorf("object: %w", err)
	}
	input := reviewOf(request, object, old)
	ours, err := opa.evaluate(ctx, phase, request, input)
	if err != nil {
		return err
	}
	if phase == Mutate {
		if err := opa.effective(native, ours); err != nil {
			return err
		}
	}
	o.native[phase], o.ours[phase] = native, ours
	explain := func() (*Explanation, error) { return opa.explained(ctx, input) }
	d := compare(phase, native, ours, explain)
	if d == nil && o.thorough {
		d = unexplained(phase, ours, explain)
	}
	if d == nil && o.thorough && phase == Validate {
		if err := opa.checkMain(ctx, input); ctx.Err() == nil && err != nil {
			d = &Difference{Phase: phase, Class: Fault, Detail: err.Error()}
		}
	}
	if d != nil {
		o.differences = append(o.differences, d)
	}
	return nil
}

// sortOut takes a known difference out of the differences.
func (o *outcome) sortOut(sent *protocol.Request) {
	if len(o.differences) == 0 {
		return
	}
	if o.known = knownDifference(sent); o.known != "" {
		o.differences, o.excused = nil, o.differences
	}
}

// recorded is what both sides said, for people.
func (o *outcome) recorded() (native, ours *Recorded) {
	native = &Recorded{Mutate: record(o.native[Mutate], o.prepared), Validate: record(o.native[Validate], o.prepared)}
	if v := o.native[Mutate]; v != nil && v.Allowed && len(o.apiErrors) > 0 {
		native.APIErrors = o.apiErrors
	}
	return native, &Recorded{Mutate: record(o.ours[Mutate], o.prepared), Validate: record(o.ours[Validate], o.prepared)}
}

// allowed says whether native lets the request through in both phases.
func (o *outcome) allowed() bool {
	validate := o.native[Validate] // nil where a live API server did not get so far
	return o.native[Mutate].Allowed && (validate == nil || validate.Allowed)
}
