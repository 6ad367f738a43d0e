// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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

// Spread is the part of the plan that has one mutant of each file and operator: of several the one
// whose digest sorts first, so that no rule is preferred, and edits of other rules seldom choose another.
func (p *Plan) Spread() *Plan {
	kind := func(m *Mutant) [2]string {
		file, _, _ := strings.Cut(m.ID, ":") // two targets may have a file of one name
		return [2]string{file, m.Operator}
	}
	digest := func(id string) string { return id[strings.LastIndex(id, ":")+1:] }
	first := map[[2]string]string{}
	for i := range p.Mutants {
		m := &p.Mutants[i]
		if id, ok := first[kind(m)]; !ok || digest(m.ID) < digest(id) {
			first[kind(m)] = m.ID
		}
	}
	return p.Choose(func(m *Mutant) bool { return first[kind(m)] == m.ID })
}

// Options of a run.
type Options struct {
	// Workers is the number of mutants that are judged at once. It has no influence on the results.
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
	r := &runner{plan: p, Options: options, results: make([]Result, len(p.Mutants))}
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

// window is the number of units among which those come first that look at the changed rule most often.
// To find out costs as much as a few mutants, and many are caught within the first window.
const window = 10

// judge puts the cases to a mutant until one tells it from the module as it is.
func (r *runner) judge(ctx context.Context, m *Mutant, target *Target) (Result, error) {
	result := Result{ID: m.ID, Verdict: Survived}
	e := &engine{recording: target.Recording, mutant: m}
	for first := 0; first < target.Recording.Units(); first += window {
		shares, err := e.shares(ctx, first)
		if err != nil {
			return result, err
		}
		for _, s := range shares {
			if err := e.judge(ctx, s, &result); err != nil || result.Verdict != Survived {
				return result, err
			}
		}
	}
	if e.opa == nil { // nobody looks at the rule
		return result, e.judge(ctx, share{}, &result)
	}
	return result, nil
}

// share are the cases of a unit that may tell a mutant apart.
type share struct {
	unit  int
	cases []int
}

// engine is that of one mutant, made anew for each bundle.
type engine struct {
	recording *verify.Recording
	mutant    *Mutant
	bundle    *verify.Bundle
	opa       *verify.OPA
}

// shares are those of one window, the largest first.
func (e *engine) shares(ctx context.Context, first int) ([]share, error) {
	all := make([]share, min(window, e.recording.Units()-first))
	errs := make([]error, len(all))
	var workers sync.WaitGroup
	for i := range all {
		workers.Go(func() {
			all[i].unit = first + i
			all[i].cases, errs[i] = e.recording.Reach(ctx, first+i, e.mutant.Changes)
		})
	}
	workers.Wait()
	all = slices.DeleteFunc(all, func(s share) bool { return len(s.cases) == 0 })
	slices.SortStableFunc(all, func(a, b share) int { return len(b.cases) - len(a.cases) })
	return all, cmp.Or(errs...)
}

// judge puts one share to the mutant. One that does not compile with the first is invalid; with a later
// one, that share says nothing.
func (e *engine) judge(ctx context.Context, s share, result *Result) error {
	bundle, err := e.recording.Bundle(ctx, s.unit)
	if err != nil {
		return err
	}
	if bundle != e.bundle {
		opa, err := bundle.CompileWith(ctx, e.mutant.File, e.mutant.Text)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if e.opa == nil {
				result.Verdict, result.Detail = Invalid, string(bytes.Join(bytes.Fields([]byte(err.Error())), []byte(" ")))
			}
			return nil
		}
		e.bundle, e.opa = bundle, opa
	}
	d, err := e.recording.Judge(ctx, s.unit, s.cases, e.opa)
	if d != nil {
		result.Verdict = Caught
		result.Detail = fmt.Sprintf("%s, cluster %d, case %d: %s, %s", d.Pass, d.Cluster, d.Case, d.Phase, d.Class)
	}
	return err
}
