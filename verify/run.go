// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"
	"sync"

	"psp2rego/verify/cases"
)

// run is one call of Run.
type run struct {
	Options
	native string // the evaluator's version
}

// pass is one way to choose the requesters. Its units are independent of each other.
type pass struct {
	name  string
	given *subject // nil when each unit generates a cluster of its own
	cases int
}

// unit is a share of a pass's cases that one worker does: those of one generated cluster, or some
// of a given one's.
type unit struct {
	pass  *pass
	index int // over all passes, in order
	// cluster is the index of the generated cluster.
	cluster int
	// first and count are groups of cases.
	first, count int
	cases        int // at most; the last group may be cut
}

// subject is a cluster and the rules that are judged by it: the bundle that was made of it, or given ones.
type subject struct {
	cluster *cases.Cluster
	opa     *OPA
	// ready is a given rule set, which is asked instead.
	ready *ready
	// failed says why there is no bundle.
	failed error
}

// Names of passes.
const (
	// PassGiven: requesters are those that the input's bindings name, and strangers.
	PassGiven = "requesters of the input"
	// PassSynthetic: each policy is granted to one user of its own.
	PassSynthetic = "synthetic requesters"
	// PassGenerated: policies, bindings and requesters are generated.
	PassGenerated = "generated clusters"
)

func (r *run) all(ctx context.Context) (*Report, error) {
	report := &Report{Seed: r.Seed, OPA: OPAVersion(), Dialect: r.Dialect}
	if r.Clock != nil {
		start := r.Clock()
		defer func() { report.Elapsed = r.Clock().Sub(start) }()
	}
	passes, err := r.passes(ctx, report)
	if err != nil {
		return nil, err
	}
	if err := r.work(ctx, units(passes, r.PerCluster), report); err != nil {
		return nil, err
	}
	report.Native = r.native
	if r.given() {
		sortWitnesses(report.Divergences)
	}
	if err := r.shrinkAll(ctx, report); err != nil {
		return nil, err
	}
	return report, r.record(report)
}

// passes prepares the passes and their entries in the report.
func (r *run) passes(ctx context.Context, report *Report) ([]*pass, error) {
	if r.Generate {
		report.Passes = []*Tally{newTally(PassGenerated)}
		return []*pass{{name: PassGenerated, cases: r.Cases}}, nil
	}
	cluster, err := cases.NewCluster(r.Dialect, r.Objects)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	given := &subject{cluster: cluster}
	if r.given() {
		return r.givenPasses(ctx, given, report)
	}
	r.translate(ctx, given)
	all := []*pass{{name: PassGiven, given: given, cases: r.Cases}}
	if len(cluster.Policies) > 0 {
		synthetic := &subject{cluster: cluster.Synthetic()}
		r.translate(ctx, synthetic)
		all[0].cases = r.Cases - r.Cases/2
		all = append(all, &pass{name: PassSynthetic, given: synthetic, cases: r.Cases / 2})
	}
	for _, p := range all {
		report.Passes = append(report.Passes, newTally(p.name))
	}
	return all, nil
}

func (r *run) translate(ctx context.Context, s *subject) {
	s.opa, s.failed = r.bundle(ctx, s.cluster.Objects, s.cluster.Dialect)
}

// groupsPerUnit is how many groups of a given cluster a worker takes at once.
const groupsPerUnit = 64

func units(passes []*pass, perCluster int) []unit {
	var all []unit
	for _, p := range passes {
		size := groupsPerUnit * cases.GroupSize
		if p.given == nil {
			size = perCluster
		}
		for done := 0; done < p.cases; done += size {
			n := min(size, p.cases-done)
			u := unit{pass: p, index: len(all), cases: n, count: (n + cases.GroupSize - 1) / cases.GroupSize}
			if p.given == nil {
				u.cluster = done / size
			} else {
				u.first = done / cases.GroupSize
			}
			all = append(all, u)
		}
	}
	return all
}

// work has the workers do all units, and adds their results to the report in the order of the
// units, so that the report does not depend on who was faster.
func (r *run) work(parent context.Context, all []unit, report *Report) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	todo := make(chan unit)
	results := make(chan result)
	var workers sync.WaitGroup
	for range min(r.Workers, len(all)) {
		workers.Go(func() { r.worker(ctx, todo, results) })
	}
	go func() {
		defer close(todo)
		for _, u := range all {
			select {
			case todo <- u:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		workers.Wait()
		close(results)
	}()
	merged := &merger{run: r, report: report, total: r.Cases}
	var first error
	for res := range results {
		switch {
		case first != nil || merged.stopped: // what comes in after the end is of no interest
		case res.err != nil:
			first = res.err
			cancel()
		case merged.take(res):
			cancel()
		}
	}
	if parent.Err() != nil {
		return parent.Err()
	}
	return first
}

// merger puts the results of units in order.
type merger struct {
	*run
	report  *Report
	waiting map[int]result
	next    int
	done    int
	total   int
	stopped bool
}

// take says whether enough divergences were seen.
func (m *merger) take(res result) bool {
	if m.waiting == nil {
		m.waiting = map[int]result{}
	}
	m.waiting[res.unit.index] = res
	for !m.stopped {
		res, ok := m.waiting[m.next]
		if !ok {
			break
		}
		delete(m.waiting, m.next)
		m.next++
		m.native = res.native
		for _, tally := range m.report.Passes {
			if tally.Name == res.unit.pass.name {
				tally.add(res.tally)
			}
		}
		for _, d := range res.divergences {
			m.report.Divergences = m.keep(m.report.Divergences, d)
		}
		m.done += res.tally.Cases
		if m.Progress != nil {
			m.Progress(m.done, m.total)
		}
		m.stopped = m.StopAfter > 0 && m.report.Diverging() >= m.StopAfter
	}
	return m.stopped
}
