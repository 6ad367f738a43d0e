// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// Recording holds what native answers to the cases that Run would ask with the same options, so that
// many bundles can be put to the same cases at the cost of OPA alone. A share of the cases, a unit,
// is asked for when it is first needed, and kept. It may be used concurrently.
type Recording struct {
	options Options
	units   []*recordedUnit
	pool    modulePool
	idle    chan *Native // evaluators that nobody uses
	started int
	mu      sync.Mutex
	version string
}

// recordedUnit is a unit with its answers, once somebody asked for them.
type recordedUnit struct {
	unit
	subject *recordedSubject
	mu      sync.Mutex
	done    bool
	asked   []recordedCase
	traced  []reached
}

// recordedSubject is a cluster and the bundle of it, once somebody asked for it.
type recordedSubject struct {
	cluster *cases.Cluster
	mu      sync.Mutex
	bundle  *Bundle
}

// recordedCase is a case that both sides can be asked.
type recordedCase struct {
	cases.Case
	answer *protocol.Answer
}

// NewRecording prepares the cases that Run would ask. Of the options it needs Native, Translate,
// Cases, and Objects or Generate. Workers is the number of evaluators that are started as they are
// needed.
func NewRecording(options Options) (*Recording, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	if options.Translate == nil {
		return nil, errors.New("verify: a recording needs to translate")
	}
	r := &Recording{options: options, idle: make(chan *Native, options.Workers)}
	passes := []*pass{{name: PassGenerated, cases: options.Cases}}
	if !options.Generate {
		cluster, err := cases.NewCluster(options.Dialect, options.Objects)
		if err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
		passes = []*pass{
			{name: PassGiven, given: &subject{cluster: cluster}, cases: options.Cases - options.Cases/2},
			{name: PassSynthetic, given: &subject{cluster: cluster.Synthetic()}, cases: options.Cases / 2},
		}
	}
	given := map[*pass]*recordedSubject{}
	for u := range units(passes, options.PerCluster, options.Shard) {
		s := given[u.pass]
		switch {
		case u.pass.given == nil:
			s = &recordedSubject{cluster: cases.Generate(*options.Settings, options.Seed, u.cluster)}
		case s == nil:
			s = &recordedSubject{cluster: u.pass.given.cluster}
			given[u.pass] = s
		}
		r.units = append(r.units, &recordedUnit{unit: u, subject: s})
	}
	return r, nil
}

// Units is the number of units. They are counted from zero.
func (r *Recording) Units() int { return len(r.units) }

// Cases is the number of cases over all units.
func (r *Recording) Cases() int { return r.options.Cases }

// Version is the version of the Kubernetes that was asked, empty as long as none was.
func (r *Recording) Version() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version
}

// Bundle is the bundle of a unit's cluster. Units of one cluster have the same.
func (r *Recording) Bundle(ctx context.Context, unit int) (*Bundle, error) {
	s := r.units[unit].subject
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bundle != nil {
		return s.bundle, nil
	}
	tarball, err := r.options.Translate(ctx, s.cluster.Objects, s.cluster.Dialect)
	if err == nil {
		s.bundle, err = readBundle(tarball, &r.pool)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what(&r.units[unit].unit, -1), err)
	}
	return s.bundle, nil
}

// Judge puts some of a unit's cases, those that Reach names, to an engine, up to the first one on
// which it differs from native; nil when there is none. An error means that the cases could not be put.
func (r *Recording) Judge(ctx context.Context, unit int, reached []int, opa *OPA) (*Divergence, error) {
	for _, i := range reached {
		if d, err := r.judge(ctx, r.units[unit], i, opa); err != nil || d != nil {
			return d, err
		}
	}
	return nil, nil
}

// judge puts one case to an engine.
func (r *Recording) judge(ctx context.Context, u *recordedUnit, i int, opa *OPA) (*Divergence, error) {
	c := &u.asked[i]
	o, err := examine(ctx, opa, c.Request, c.answer, c.Index%thoroughEvery == 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what(&u.unit, c.Index), err)
	}
	if len(o.differences) == 0 {
		return nil, nil
	}
	return &Divergence{
		Pass: u.pass.name, Seed: r.options.Seed, Cluster: u.cluster, Case: c.Index, Check: c.Check,
		Difference: *o.differences[0], Dialect: u.subject.cluster.Dialect, Objects: u.subject.cluster.Objects, Request: c.Request,
	}, nil
}

// Close ends the evaluators.
func (r *Recording) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	for range r.started {
		err = errors.Join(err, (<-r.idle).Close())
	}
	r.started = 0
	return err
}

// record asks for a unit's answers and traces the bundle as it is, unless that was done. It makes sure
// that the bundle agrees with native: else another one's difference would mean nothing.
func (r *Recording) record(ctx context.Context, unit int) error {
	u := r.units[unit]
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.done {
		return nil
	}
	bundle, err := r.Bundle(ctx, unit)
	if err != nil {
		return err
	}
	opa, err := bundle.Compile(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", r.what(&u.unit, -1), err)
	}
	native, err := r.evaluator(ctx)
	if err != nil {
		return err
	}
	err = r.ask(native, u, opa)
	r.idle <- native
	if err != nil {
		return err
	}
	for i := range u.asked {
		d, err := r.judge(ctx, u, i, opa)
		if err != nil {
			return err
		}
		if d != nil {
			return fmt.Errorf("the bundle differs from native as it is: %s: %s, %s: %s",
				r.what(&u.unit, d.Case), d.Phase, d.Class, d.Detail)
		}
	}
	if u.traced, err = r.trace(ctx, u, opa); err != nil {
		return err
	}
	u.done = true
	return nil
}

func (r *Recording) what(u *unit, index int) string {
	text := fmt.Sprintf("seed %d, %s, cluster %d", r.options.Seed, u.pass.name, u.cluster)
	if index >= 0 {
		text += fmt.Sprintf(", case %d", index)
	}
	return text
}
