// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"psp2rego/verify"
)

// Target is what modules are made faulty in, with the cases that judge the result.
type Target struct {
	// Name goes before the ids and files of its mutants; the library has none.
	Name      string
	Recording *verify.Recording
	// Owns picks the modules, by their paths in the bundle.
	Owns func(path string) bool
}

// Verdict is what came of a mutant.
type Verdict string

const (
	// Caught: the tester found a difference.
	Caught Verdict = "caught"
	// Survived: all cases were asked, and nothing differed.
	Survived Verdict = "survived"
	// Invalid: no bundle can be made of it, as it does not compile.
	Invalid Verdict = "invalid"
)

// Result is what came of one mutant, and by what.
type Result struct {
	ID      string  `json:"id"`
	Verdict Verdict `json:"verdict"`
	// Detail is the error, or the difference.
	Detail string `json:"detail,omitempty"`
}

// Plan is a set of mutants with their targets.
type Plan struct {
	Mutants []Mutant
	targets []*Target // of each mutant
}

// NewPlan makes all mutants of the targets, sorted by target and file.
func NewPlan(ctx context.Context, targets ...*Target) (*Plan, error) {
	p := &Plan{}
	for _, target := range targets {
		bundle, err := target.Recording.Bundle(ctx, 0)
		if err != nil {
			return nil, err
		}
		modules := bundle.Modules()
		for _, path := range slices.Sorted(maps.Keys(modules)) {
			if !target.Owns(path) {
				continue
			}
			found, err := Of(path, modules[path])
			if err != nil {
				return nil, err
			}
			for _, m := range found {
				if target.Name != "" {
					m.ID = target.Name + "/" + m.ID
				}
				p.Mutants = append(p.Mutants, m)
				p.targets = append(p.targets, target)
			}
		}
	}
	return p, nil
}

// Choose leaves only mutants that keep says yes to.
func (p *Plan) Choose(keep func(*Mutant) bool) *Plan {
	chosen := &Plan{}
	for i := range p.Mutants {
		if keep(&p.Mutants[i]) {
			chosen.Mutants = append(chosen.Mutants, p.Mutants[i])
			chosen.targets = append(chosen.targets, p.targets[i])
		}
	}
	return chosen
}

// Options of a run.
type Options struct {
	// Workers is the number of mutants that are judged at once. It has no influence on the verdicts.
	Workers int
	// Done are results of an earlier, unfinished run with the same cases; they are taken as they are.
	Done map[string]Result
	// Tell is told each new result, from one goroutine at a time, and the number of those left.
	Tell func(result Result, left int) error
}

// Run judges all mutants. The results are in the order of the mutants.
func (p *Plan) Run(ctx context.Context, options Options) ([]Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &runner{plan: p, Options: options, results: make([]Result, len(p.Mutants)), kills: map[*Target]map[string][]int{}}
	todo := make(chan int)
	var workers sync.WaitGroup
	for range max(1, options.Workers) {
		workers.Go(func() {
			for i := range todo {
				if err := r.one(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range p.Mutants {
		if done, ok := options.Done[p.Mutants[i].ID]; ok {
			r.results[i] = done
			continue
		}
		r.left++
	}
	for i := range p.Mutants {
		if r.results[i].Verdict == "" && ctx.Err() == nil {
			todo <- i
		}
	}
	close(todo)
	workers.Wait()
	return r.results, context.Cause(ctx)
}

type runner struct {
	Options
	plan    *Plan
	mu      sync.Mutex
	results []Result
	left    int
	kills   map[*Target]map[string][]int // number of mutants that each unit caught, by target and file
}

func (r *runner) one(ctx context.Context, i int) error {
	if ctx.Err() != nil {
		return nil
	}
	result, err := r.judge(ctx, &r.plan.Mutants[i], r.plan.targets[i])
	if err != nil {
		if ctx.Err() != nil {
			return nil // somebody else's error, or an interrupt
		}
		return fmt.Errorf("%s: %w", r.plan.Mutants[i].ID, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[i] = result
	r.left--
	if r.Tell != nil {
		return r.Tell(result, r.left)
	}
	return nil
}

// judge puts the cases to a mutant until one tells it from the module as it is.
func (r *runner) judge(ctx context.Context, m *Mutant, target *Target) (Result, error) {
	result := Result{ID: m.ID, Verdict: Survived}
	e := &engine{recording: target.Recording, mutant: m}
	if invalid, err := e.load(ctx, 0); invalid != "" || err != nil {
		result.Verdict, result.Detail = Invalid, invalid
		return result, err
	}
	for n, unit := range r.order(target, m.File) {
		difference, err := e.difference(ctx, unit, n >= unaided)
		if err != nil {
			return result, err
		}
		if difference != "" {
			r.learn(target, m.File, unit)
			result.Verdict, result.Detail = Caught, difference
			break
		}
	}
	return result, nil
}

// unaided is the number of units that are judged without asking which of their cases matter. To find
// that out costs as much as a few mutants, and most are caught before.
const unaided = 6

// order is that of the units, those first that caught most other mutants of the file. All of them are
// asked in the end, so the order decides how long it takes and nothing else.
func (r *runner) order(target *Target, file string) []int {
	units := make([]int, target.Recording.Units())
	for i := range units {
		units[i] = i
	}
	r.mu.Lock()
	kills := slices.Clone(r.kills[target][file])
	r.mu.Unlock()
	if kills != nil {
		slices.SortStableFunc(units, func(a, b int) int { return kills[b] - kills[a] })
	}
	return units
}

func (r *runner) learn(target *Target, file string, unit int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kills[target] == nil {
		r.kills[target] = map[string][]int{}
	}
	if r.kills[target][file] == nil {
		r.kills[target][file] = make([]int, target.Recording.Units())
	}
	r.kills[target][file][unit]++
}

// engine is that of one mutant, made anew for each bundle.
type engine struct {
	recording *verify.Recording
	mutant    *Mutant
	bundle    *verify.Bundle
	opa       *verify.OPA
}

// load makes the engine for a unit, or says why the mutant does not compile.
func (e *engine) load(ctx context.Context, unit int) (invalid string, err error) {
	bundle, err := e.recording.Bundle(ctx, unit)
	if err != nil || bundle == e.bundle {
		return "", err
	}
	opa, err := bundle.CompileWith(ctx, e.mutant.File, e.mutant.Text)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return string(bytes.Join(bytes.Fields([]byte(err.Error())), []byte(" "))), nil
	}
	e.bundle, e.opa = bundle, opa
	return "", nil
}

// difference says how the mutant differs from native in a unit, "" if it does not. A unit with which
// it does not compile, unlike with the first, says nothing. Aided, it leaves out what cannot differ.
func (e *engine) difference(ctx context.Context, unit int, aided bool) (string, error) {
	var reached []int
	if aided = aided && e.mutant.Changes != nil; aided {
		var err error
		if reached, err = e.recording.Reach(ctx, unit, e.mutant.Changes); err != nil || len(reached) == 0 {
			return "", err
		}
	}
	if invalid, err := e.load(ctx, unit); invalid != "" || err != nil {
		return "", err
	}
	var d *verify.Divergence
	var err error
	if aided {
		d, err = e.recording.JudgeOnly(ctx, unit, reached, e.opa)
	} else {
		d, err = e.recording.Judge(ctx, unit, e.opa)
	}
	if err != nil || d == nil {
		return "", err
	}
	return fmt.Sprintf("%s, cluster %d, case %d: %s, %s", d.Pass, d.Cluster, d.Case, d.Phase, d.Class), nil
}
