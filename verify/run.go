// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"psp2rego/verify/cases"
	"psp2rego/verify/server"
)

// run is one call of Run.
type run struct {
	Options
	start  time.Time
	before time.Duration // what the run took until it was resumed
	set    *RuleSet      // what is said of rule sets that are translated for Gatekeeper
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

// engine is the bundle that everything is compared of; nil when there is none.
func (s *subject) engine() *OPA {
	if s.ready != nil {
		return s.ready.opa
	}
	return s.opa
}

// server is the API server that the rules are for.
func (s *subject) server() server.Version {
	if s.ready != nil && s.ready.opa == nil {
		return s.ready.server
	}
	return s.engine().version()
}

// Names of passes.
const (
	// PassGiven: requesters are those that the input's bindings name, and strangers.
	PassGiven = "requesters of the input"
	// PassSynthetic: each policy is granted to one user of its own.
	PassSynthetic = "synthetic requesters"
	// PassGenerated: policies, bindings and requesters are generated.
	PassGenerated = "generated clusters"
	// PassReplay: one recorded case.
	PassReplay = "replay"
)

func (r *run) all(ctx context.Context) (*Report, error) {
	if r.Clock != nil {
		r.start = r.Clock()
	}
	passes, err := r.passes(ctx)
	if err != nil {
		return nil, err
	}
	if r.Constraints {
		if r.set, err = r.constraintSet(ctx, passes); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	report, err := r.begin(passes)
	if err != nil {
		return nil, err
	}
	if err := r.work(ctx, passes, report); err != nil {
		return nil, err
	}
	report.sortWitnesses()
	if ctx.Err() == nil {
		if err := r.shrinkAll(ctx, report); err != nil && ctx.Err() == nil {
			return report, err
		}
	}
	if ctx.Err() != nil {
		report.Stopped = StoppedByInterrupt
	}
	report.Elapsed = r.spent()
	if err := r.record(context.WithoutCancel(ctx), report); err != nil {
		return report, err
	}
	return report, r.save(report)
}

// spent is the time that the run took so far; zero without a clock.
func (r *run) spent() time.Duration {
	if r.Clock == nil {
		return 0
	}
	return r.before + r.Clock().Sub(r.start)
}

// begin is the report on what was done before: nothing, unless the run is resumed.
func (r *run) begin(passes []*pass) (*Report, error) {
	plan, err := r.plan()
	if err != nil {
		return nil, err
	}
	report := newReport(&r.Options, r.Dialect, r.Objects)
	report.Plan, report.AllowUndecided = plan, r.AllowUndecided
	report.Judged = r.set
	if given := passes[0].given; given != nil && r.given() {
		report.Judged = given.ready.set()
		if given.ready.Compared != Decisions { // psp2rego's own, which says
			report.Server = given.server().String()
		}
	}
	for _, p := range passes {
		t := newTally(p.name)
		if p.given != nil {
			t.demand(p.given.cluster.Decisions())
		}
		report.Passes = append(report.Passes, t)
	}
	if none(units(passes, r.PerCluster, r.Shard)) {
		return nil, fmt.Errorf("verify: shard %s is empty: there are too few cases for so many shards", r.Shard)
	}
	return r.resumed(report)
}

// passes prepares the passes.
func (r *run) passes(ctx context.Context) ([]*pass, error) {
	asked := r.Cases
	if asked == 0 {
		asked = unbounded
	}
	if r.Generate {
		return []*pass{{name: PassGenerated, cases: asked}}, nil
	}
	cluster, err := cases.NewCluster(r.Dialect, r.Objects)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if r.Live != nil {
		cluster.Namespaces = r.Live.Namespaces()
	}
	if len(cluster.Policies) == 0 {
		return nil, errors.New("verify: there is no PodSecurityPolicy among the objects, so there is nothing to verify")
	}
	given := &subject{cluster: cluster}
	if err := r.rules(ctx, given); err != nil {
		return nil, err
	}
	all := []*pass{{name: PassGiven, given: given, cases: asked}}
	if r.Live != nil || r.given() && !given.ready.strangers {
		return all, nil // a live cluster has no synthetic grants, and is not given any
	}
	synthetic := &subject{cluster: cluster.Synthetic()}
	if err := r.rules(ctx, synthetic); err != nil {
		return nil, err
	}
	all = append(all, &pass{name: PassSynthetic, given: synthetic, cases: asked})
	if asked != unbounded {
		all[0].cases, all[1].cases = asked-asked/2, asked/2
	}
	return all, nil
}

// rules makes the bundle of the subject's objects, or loads the given rules for them.
func (r *run) rules(ctx context.Context, s *subject) (err error) {
	if !r.given() {
		r.translate(ctx, s)
		return nil
	}
	if s.ready, err = r.open(ctx, s.cluster.Objects); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if r.Live != nil && s.ready.opa == nil {
		return fmt.Errorf("verify: %s is no bundle of psp2rego, and no other one can be compared with a live API server", r.Bundle)
	}
	return nil
}

func (r *run) translate(ctx context.Context, s *subject) {
	if r.Constraints {
		s.ready, s.failed = r.constraints(ctx, s.cluster.Objects, s.cluster.Dialect)
		return
	}
	s.opa, s.failed = r.bundle(ctx, s.cluster.Objects, s.cluster.Dialect)
}
