// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"psp2rego/verify/cases"
	"psp2rego/verify/live"
	"psp2rego/verify/protocol"
)

// Judge puts single cases to both sides, each with a cluster of its own. It serves one goroutine at
// a time.
type Judge struct {
	options    Options
	native     *Native
	gatekeeper *Gatekeeper
	// by answers instead of both sides, where it is set.
	by func(context.Context, *CaseFile) (*Judgement, error)

	dialect string
	objects []json.RawMessage // what both sides were last given
	loaded  bool
	failed  error // why there is no bundle of them
	opa     *OPA
	ready   *ready            // asked instead, when a rule set was given
	grants  map[string]string // those that were laid over it
}

// Judgement is what both sides said to one case.
type Judgement struct {
	// Refused says why the evaluator did not take the case; nothing else is set then.
	Refused string
	// Native and Ours are nil when there was nothing to ask: no request, or no bundle.
	Native, Ours *Recorded
	Differences  []*Difference
	// Known is the id of the known difference that the case hit; Differences is empty then.
	Known string

	outcome *outcome
}

// NewJudge starts an evaluator. Of the options it needs Native, and Translate, Bundle or Templates.
func NewJudge(ctx context.Context, options Options) (*Judge, error) {
	if err := options.checkLive(); err != nil {
		return nil, err
	}
	if options.Translate == nil && !options.given() {
		return nil, errors.New("verify: neither a bundle nor a way to make one")
	}
	native, err := StartNative(ctx, options.Native)
	return &Judge{options: options, native: native}, err
}

// Close ends the evaluators.
func (j *Judge) Close() error {
	err := j.native.Close()
	if j.gatekeeper != nil {
		err = errors.Join(err, j.gatekeeper.Close())
	}
	return err
}

// Version is the version of the Kubernetes that decides.
func (j *Judge) Version() string { return j.options.nativeName(j.native.Greeting.Version) }

// Judge puts the case to both sides and compares. An error means that it could not be put.
func (j *Judge) Judge(ctx context.Context, c *CaseFile) (*Judgement, error) {
	if j.by != nil {
		return j.by(ctx, c)
	}
	refused, err := j.load(ctx, c)
	if err != nil || refused != "" {
		return &Judgement{Refused: refused}, err
	}
	if j.failed != nil {
		return &Judgement{Differences: []*Difference{{Class: Untranslated, Detail: j.failed.Error()}}}, nil
	}
	if c.Request == nil {
		return &Judgement{}, nil
	}
	o, refused, err := j.ask(ctx, c)
	if err != nil || refused != "" {
		return &Judgement{Refused: refused}, err
	}
	native, ours := o.recorded()
	return &Judgement{Native: native, Ours: ours, Differences: o.differences, Known: o.known, outcome: o}, nil
}

func (j *Judge) ask(ctx context.Context, c *CaseFile) (o *outcome, refused string, err error) {
	if c.Phase != "" {
		if j.options.Live != nil {
			return nil, "an API server is not asked one phase alone", nil
		}
		return j.askPhase(ctx, c)
	}
	sent := c.Request
	if j.options.Live != nil {
		if sent, refused = live.Fit(sent, c.Dialect == cases.MKE); refused != "" {
			return nil, refused, nil
		}
	}
	request, err := askedOfNative(j.rules().server(), "", sent)
	if err != nil {
		return nil, "", err
	}
	answer, err := j.native.Review(request, "case")
	if err != nil {
		return nil, "", err
	}
	if answer.Error != nil {
		return nil, answer.Error.Error(), nil
	}
	var examined outcome
	switch {
	case j.options.Live != nil:
		examined, refused, err = j.options.try(ctx, j.rules().engine(), sent, answer, c.Dialect, true)
	case j.ready != nil:
		examined, err = j.ready.examine(ctx, j.gatekeeper, c.Request, answer, true)
	default:
		examined, err = examine(ctx, j.opa, c.Request, answer, true)
	}
	return &examined, refused, err
}

// rules are those that the case's cluster is judged by.
func (j *Judge) rules() *subject { return &subject{opa: j.opa, ready: j.ready} }

// askPhase has one phase judge the object as it stands.
func (j *Judge) askPhase(ctx context.Context, c *CaseFile) (o *outcome, refused string, err error) {
	off := false
	request := *c.Request
	request.ServiceAccountPlugin = &off
	answer, err := j.native.Ask(protocol.Line{Op: protocol.OpPrepare, Request: &request}, "case")
	if err != nil {
		return nil, "", err
	}
	if answer.Error != nil {
		return nil, answer.Error.Error(), nil
	}
	if answer.Request == nil {
		return nil, "", errors.New("native evaluator: case: answer without request")
	}
	alone, err := askedOfNative(j.rules().server(), c.Phase, answer.Request)
	if err != nil {
		return nil, "", err
	}
	native, err := j.native.Evaluate(ctx, c.Phase, alone)
	if err != nil {
		return nil, "", err
	}
	o = &outcome{thorough: true, prepared: answer.Request, native: map[Phase]*Verdict{}, ours: map[Phase]*Verdict{}}
	if err := j.phase(ctx, o, c.Phase, native, answer.Request); err != nil {
		return nil, "", err
	}
	o.sortOut(c.Request)
	return o, "", nil
}

// phase asks the rules one phase, and compares with what native said.
func (j *Judge) phase(ctx context.Context, o *outcome, phase Phase, native *Verdict, request *protocol.Request) error {
	opa := j.rules().engine()
	if j.ready != nil && opa == nil {
		o.native[phase] = native
		if !slices.Contains(j.ready.Phases, phase) {
			return nil
		}
		if j.ready.Compared == Messages {
			asked, err := askedBy(j.ready.server, request)
			if err != nil {
				return err
			}
			if phase == Mutate {
				_, err := o.fillIn(ctx, j.ready.server, j.gatekeeper, asked)
				return err
			}
			return o.word(ctx, j.gatekeeper, asked)
		}
		return o.decide(ctx, j.ready.asked(j.gatekeeper), phase, request)
	}
	asked, err := opa.Asked(request)
	if err != nil {
		return err
	}
	old, err := astValue(asked.OldObject)
	if err != nil {
		return err
	}
	return o.phase(ctx, opa, phase, native, asked, old)
}

// load gives the case's cluster to both sides, unless they have it.
func (j *Judge) load(ctx context.Context, c *CaseFile) (refused string, err error) {
	dialect := c.Dialect
	if dialect == "" {
		dialect = cases.Kubernetes
	}
	same := j.loaded && j.dialect == dialect && slices.EqualFunc(j.objects, c.Objects,
		func(a, b json.RawMessage) bool { return string(a) == string(b) })
	if same {
		return "", nil
	}
	j.loaded = false
	err = j.native.Load(protocol.Cluster{Dialect: dialect, Objects: c.Objects}, "cluster of a case")
	if bad := (*protocol.Error)(nil); errors.As(err, &bad) {
		return bad.Error(), nil
	}
	if err != nil {
		return "", err
	}
	if err := j.loadRules(ctx, c.Objects, dialect); err != nil {
		return "", err
	}
	j.dialect, j.objects, j.loaded = dialect, c.Objects, true
	return "", nil
}

// loadRules makes the bundle of the objects, or loads the given rules for them.
func (j *Judge) loadRules(ctx context.Context, objects []json.RawMessage, dialect string) (err error) {
	if j.options.Constraints {
		return j.loadConstraints(ctx, objects, dialect)
	}
	if !j.options.given() {
		j.opa, j.failed = j.options.bundle(ctx, objects, dialect)
		return ctx.Err()
	}
	if grants := syntheticGrants(objects); j.ready == nil || j.options.Bundle != "" && !maps.Equal(grants, j.grants) {
		if j.ready, err = j.options.open(ctx, objects); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		j.grants = grants
	}
	j.gatekeeper, err = j.ready.load(ctx, &j.options, j.gatekeeper, objects, "cluster of a case")
	return err
}

// loadConstraints has Gatekeeper load what is made of the objects.
func (j *Judge) loadConstraints(ctx context.Context, objects []json.RawMessage, dialect string) (err error) {
	if j.ready, j.failed = j.options.constraints(ctx, objects, dialect); j.failed != nil {
		return ctx.Err()
	}
	j.gatekeeper, err = j.ready.load(ctx, &j.options, j.gatekeeper, objects, "cluster of a case")
	if refused := (*protocol.Error)(nil); errors.As(err, &refused) {
		j.failed, err = err, nil
	}
	return err
}

// bundle translates the objects and loads the result.
func (o *Options) bundle(ctx context.Context, objects []json.RawMessage, dialect string) (*OPA, error) {
	tarball, err := o.Translate(ctx, objects, dialect)
	if err != nil {
		return nil, err
	}
	return LoadBundle(ctx, tarball)
}

// Replay judges one recorded case and reports on it as Run does.
func Replay(ctx context.Context, options Options, c *CaseFile) (*Report, error) {
	j, err := NewJudge(ctx, options)
	if err != nil {
		return nil, err
	}
	defer func() { _ = j.Close() }()
	judgement, err := j.Judge(ctx, c)
	if err != nil {
		return nil, err
	}
	tally := newTally(PassReplay)
	report := newReport(&options, c.Dialect, c.Objects)
	report.Native, report.Passes = j.Version(), []*Tally{tally}
	if judgement.Refused != "" {
		tally.Cases = 1
		tally.Discarded["the evaluator does not take the case: "+judgement.Refused] = 1
		return report, nil
	}
	if j.ready != nil {
		report.Judged = &j.ready.RuleSet
	}
	tally.replayed(c, judgement)
	for _, d := range judgement.Differences {
		tally.Divergences[d.Class]++
		divergence := &Divergence{
			Pass: tally.Name, Difference: *d, Dialect: c.Dialect, Objects: c.Objects, Request: c.Request, Only: c.Phase,
			Native: judgement.Native, Ours: judgement.Ours, Invalid: judgement.invalid(),
		}
		if err := decide(ctx, j, divergence); err != nil {
			return report, err
		}
		report.Divergences = append(report.Divergences, divergence)
	}
	return report, nil
}

// invalid says whether API validation would refuse the case whatever the policies say.
func (j *Judgement) invalid() bool { return j.outcome != nil && len(j.outcome.apiErrors) > 0 }

// replayed counts a case that was judged outside of a run.
func (t *Tally) replayed(c *CaseFile, judgement *Judgement) {
	o := judgement.outcome
	if o == nil {
		t.Cases++
		return
	}
	if c.Phase == "" {
		t.count(&cases.Case{Request: c.Request}, o, &outcome{discarded: true})
		return
	}
	t.Cases++
	if o.ours[c.Phase] == nil {
		return // the rule set has no such phase
	}
	n := t.Phases[c.Phase]
	n.count(o.native[c.Phase], o.patch(c.Phase))
	if len(o.differences)+len(o.excused) == 0 {
		n.Agree++
	}
	if o.known != "" {
		t.Known[o.known]++
	}
}
