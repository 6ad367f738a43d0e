// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// result is what a worker made of one unit.
type result struct {
	unit        unit
	tally       *Tally
	divergences []*Divergence
	native      string
	asked       int // the case whose answer was waited for last
	err         error
}

// worker does units with an evaluator process of its own, until there are none left.
func (r *run) worker(ctx context.Context, todo <-chan unit, results chan<- result) {
	w := &worker{run: r}
	defer func() {
		if w.native != nil {
			_ = w.native.Close()
		}
		if w.gatekeeper != nil {
			_ = w.gatekeeper.Close()
		}
	}()
	for u := range todo {
		res := result{unit: u, tally: newTally(u.pass.name), asked: nothingAsked}
		w.res = &res
		if res.err = w.do(ctx, u); res.err == nil {
			res.native = w.nativeName(w.native.Greeting.Version)
		}
		results <- res
		if res.err != nil {
			return
		}
	}
}

type worker struct {
	*run
	native *Native
	// gatekeeper runs the rules that are judged, if they are Gatekeeper's.
	gatekeeper *Gatekeeper
	loaded     *subject // what the evaluator decides by
	res        *result
	last       outcome // of the case before, for pairs
}

func (w *worker) do(ctx context.Context, u unit) error {
	s := u.pass.given
	if s == nil {
		s = &subject{cluster: cases.Generate(*w.Settings, w.Seed, u.cluster)}
		w.translate(ctx, s)
		w.res.tally.Clusters++
	}
	ready, err := w.load(ctx, s, u)
	if err != nil || !ready {
		return err
	}
	queue := make([]cases.Case, 0, maxInFlight)
	made, sent := []cases.Case(nil), 0
	for group := u.first; ; {
		for sent < u.cases && len(queue) < maxInFlight {
			if len(made) == 0 {
				made = w.fitting(s.ready.group(u.pass, s.cluster, *w.Settings, w.Seed, group), s.cluster.Dialect)
				group++
			}
			request, err := askedOfNative(s.server(), "", made[0].Request)
			if err != nil {
				return err
			}
			if err := w.native.Send(protocol.Line{Op: protocol.OpReview, Request: request}, w.what(u, &made[0])); err != nil {
				return err
			}
			queue, made, sent = append(queue, made[0]), made[1:], sent+1
		}
		if len(queue) == 0 {
			return nil
		}
		w.res.asked = queue[0].Index
		answer, err := w.native.Receive()
		if err != nil {
			return err
		}
		c := queue[0]
		queue = append(queue[:0], queue[1:]...)
		if err := w.judge(ctx, s, u, &c, answer); err != nil {
			return err
		}
	}
}

func (w *worker) what(u unit, c *cases.Case) string {
	return fmt.Sprintf("seed %d, %s, cluster %d, case %d", w.Seed, u.pass.name, u.cluster, c.Index)
}

// load gives the cluster to the evaluator. It is not ready when one side does not take the objects:
// both not is a discard, ours alone a divergence.
func (w *worker) load(ctx context.Context, s *subject, u unit) (bool, error) {
	if w.native == nil {
		native, err := StartNative(ctx, w.Native)
		if err != nil {
			return false, err
		}
		w.native = native
	}
	if s.failed != nil && ctx.Err() != nil {
		return false, ctx.Err()
	}
	if w.loaded != s {
		what := fmt.Sprintf("seed %d, %s, cluster %d", w.Seed, u.pass.name, u.cluster)
		w.res.asked = clusterAsked
		cluster := protocol.Cluster{Dialect: s.cluster.Dialect, Objects: s.cluster.Objects}
		err := w.native.Load(cluster, what)
		if refused := (*protocol.Error)(nil); errors.As(err, &refused) {
			w.discard(u.cases, "the evaluator does not take the objects: "+refused.Kind)
			return false, nil
		}
		if err != nil {
			return false, err
		}
		w.gatekeeper, err = s.ready.load(ctx, &w.Options, w.gatekeeper, s.cluster.Objects, what)
		if refused := (*protocol.Error)(nil); w.Constraints && errors.As(err, &refused) {
			s.failed = err
		} else if err != nil {
			return false, err
		}
		w.loaded = s
	}
	if s.failed == nil {
		return true, nil
	}
	w.res.tally.Cases += u.cases
	w.diverge(&Divergence{
		Pass: u.pass.name, Cluster: u.cluster, Case: -1, Seed: w.Seed,
		Difference: Difference{Class: Untranslated, Detail: s.failed.Error()},
		Dialect:    s.cluster.Dialect, Objects: s.cluster.Objects,
	})
	return false, nil
}

func (w *worker) discard(n int, reason string) {
	w.res.tally.Cases += n
	w.res.tally.Discarded[reason] += n
}

func (w *worker) diverge(d *Divergence) {
	w.res.tally.Divergences[d.Class]++
	w.res.divergences = keep(w.res.divergences, d, w.Keep, w.given() || w.Constraints)
}

// keep adds a divergence to those that are kept, unless there are enough, or one that looks the same. Those of given
// rules are witnesses.
func keep(kept []*Divergence, d *Divergence, most int, given bool) []*Divergence {
	alike := func(other *Divergence) bool {
		return d.Phase == other.Phase && d.Class == other.Class && d.Check == other.Check && d.Pass == other.Pass
	}
	if given {
		return keepWitness(kept, d, most)
	}
	if len(kept) >= most || slices.ContainsFunc(kept, alike) {
		return kept
	}
	return append(kept, d)
}

// judge compares both sides on one case and counts it.
func (w *worker) judge(ctx context.Context, s *subject, u unit, c *cases.Case, answer *protocol.Answer) error {
	what := w.what(u, c)
	if answer.Error != nil {
		if answer.Error.Kind != "decode" {
			return fmt.Errorf("native evaluator: %s: %w", what, answer.Error)
		}
		reason := "the evaluator cannot decode the request"
		if strings.Contains(answer.Error.Message, "refused by the ServiceAccount plugin") {
			reason = "the ServiceAccount plugin refuses the pod before policies are asked"
		}
		w.discard(1, reason)
		w.last = outcome{discarded: true}
		return nil
	}
	if err := checkReview(answer, what); err != nil {
		return err
	}
	if s.ready.skips(c.Request) {
		w.discard(1, "the rules' webhook is not sent such a request")
		w.last = outcome{discarded: true}
		return nil
	}
	o, discarded, err := w.examine(ctx, s, c, answer)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if discarded != "" {
		w.discard(1, discarded)
		w.last = outcome{discarded: true}
		return nil
	}
	w.res.tally.count(c, &o, &w.last)
	for _, difference := range o.differences {
		native, ours := o.recorded()
		w.diverge(&Divergence{
			Pass: u.pass.name, Cluster: u.cluster, Case: c.Index, Seed: w.Seed, Check: w.check(c, &o, difference),
			Difference: *difference, Dialect: s.cluster.Dialect, Objects: s.cluster.Objects,
			Request: c.Request, Native: native, Ours: ours, Invalid: len(o.apiErrors) > 0,
		})
	}
	w.last = o
	return nil
}

func (w *worker) examine(ctx context.Context, s *subject, c *cases.Case, answer *protocol.Answer) (o outcome, discarded string, err error) {
	thorough := c.Index%thoroughEvery == 0
	switch {
	case w.Live != nil:
		return w.try(ctx, s.engine(), c.Request, answer, s.cluster.Dialect, thorough)
	case s.ready != nil:
		o, err = s.ready.examine(ctx, w.gatekeeper, c.Request, answer, thorough)
	default:
		o, err = examine(ctx, s.opa, c.Request, answer, thorough)
	}
	return o, "", err
}

// check is the check that a difference belongs to. What one of our own bundles gets wrong is kept apart by the check
// that is varied; a given rule set may get any pod wrong, so that what varies has to be the cause.
func (w *worker) check(c *cases.Case, o *outcome, d *Difference) string {
	if w.given() {
		return cause(c, o, &w.last, d)
	}
	return c.Check
}
