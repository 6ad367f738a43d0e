// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// work has the workers do all units that are left, and adds their results to the report in the order
// of the units, so that the report does not depend on who was faster. When it is interrupted, or
// time is up, the report is on the units that came first.
func (r *run) work(parent context.Context, passes []*pass, report *Report) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	todo := make(chan unit)
	results := make(chan result)
	var workers sync.WaitGroup
	for range r.Workers {
		workers.Go(func() { r.worker(ctx, todo, results) })
	}
	timeIsUp := false
	workers.Go(func() { timeIsUp = r.feed(ctx, passes, report.Done, todo) })
	go func() {
		workers.Wait()
		close(results)
	}()
	merged := r.newMerger(passes, report)
	var first error
	for res := range results {
		err := res.err
		if first != nil || merged.stopped || parent.Err() != nil {
			continue // what comes in after the end is of no interest
		}
		if err == nil {
			err = merged.take(res)
		} else {
			err = r.broken(&res)
		}
		if err != nil {
			first = err
		}
		if err != nil || merged.stopped {
			cancel()
		}
	}
	switch {
	case parent.Err() != nil:
		report.Stopped = StoppedByInterrupt
	case first != nil:
		if err := r.saveUnfinished(report); err != nil {
			return fmt.Errorf("%w; and %w", first, err)
		}
		return first
	case merged.stopped:
		report.Stopped = StoppedByDivergences
	case timeIsUp:
		report.Stopped = StoppedByTime
	}
	return nil
}

// feed gives out the units, without those that are done, until there are none left or time is up.
func (r *run) feed(ctx context.Context, passes []*pass, done int, todo chan<- unit) (timeIsUp bool) {
	defer close(todo)
	for u := range units(passes, r.PerCluster, r.Shard) {
		if u.index < done {
			continue
		}
		if r.Duration > 0 && r.spent() >= r.Duration {
			return true
		}
		select {
		case todo <- u:
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// merger puts the results of units in order.
type merger struct {
	*run
	report  *Report
	waiting map[int]result
	done    int // cases
	total   int // cases; zero is no bound
	saved   time.Duration
	stopped bool
}

func (r *run) newMerger(passes []*pass, report *Report) *merger {
	m := &merger{run: r, report: report, waiting: map[int]result{}, done: report.Cases(), saved: r.spent()}
	if r.Cases > 0 {
		for u := range units(passes, r.PerCluster, r.Shard) {
			m.total += u.cases
		}
	}
	m.tell()
	return m
}

func (m *merger) tell() {
	if m.Progress != nil {
		m.Progress(m.done, m.total)
	}
}

// saveEvery is how often the state of a run is saved that can be resumed.
const saveEvery = 5 * time.Second

// take takes one unit's result. It sets stopped when enough divergences were seen.
func (m *merger) take(res result) error {
	m.waiting[res.unit.index] = res
	for !m.stopped {
		res, ok := m.waiting[m.report.Done]
		if !ok {
			break
		}
		delete(m.waiting, m.report.Done)
		if m.report.Native != "" && m.report.Native != res.native {
			return fmt.Errorf("native evaluator: is Kubernetes %s, and was %s before", res.native, m.report.Native)
		}
		m.report.Native = res.native
		m.report.Done++
		for _, tally := range m.report.Passes {
			if tally.Name == res.unit.pass.name {
				tally.add(res.tally)
			}
		}
		for _, d := range res.divergences {
			m.report.Divergences = keep(m.report.Divergences, d, m.Keep, m.given())
		}
		m.done += res.tally.Cases
		m.tell()
		m.stopped = m.StopAfter > 0 && m.report.Diverging() >= m.StopAfter
	}
	if now := m.spent(); m.Clock == nil || now-m.saved >= saveEvery {
		m.saved = now
		return m.saveUnfinished(m.report)
	}
	return nil
}
