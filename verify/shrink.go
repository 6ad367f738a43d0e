// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// shrinkAll makes each kept divergence smaller, one after the other.
func (r *run) shrinkAll(ctx context.Context, report *Report) error {
	if r.Shrink <= 0 || len(report.Divergences) == 0 {
		return nil
	}
	j, err := NewJudge(ctx, r.Options)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	for _, d := range report.Divergences {
		if d.Shrunk.Of > 0 {
			continue // before the run was resumed
		}
		if err := Shrink(ctx, j, d, r.Shrink); err != nil {
			return fmt.Errorf("shrinking seed %d, cluster %d, case %d: %w", d.Seed, d.Cluster, d.Case, err)
		}
	}
	return nil
}

// Shrink drops objects, items and fields from the divergence's cluster and request for as long as
// both sides still differ in the same phase and class, spending at most budget. Budget permitting,
// no single part of what is left can go. Then it looks for the deciding field.
//
// Given rules are those of the objects as they are. With them, nothing in the objects is changed,
// and an object goes only if native's whole answer is the same without it.
func Shrink(ctx context.Context, j *Judge, d *Divergence, budget int) error {
	s := &shrinker{ctx: ctx, judge: j, divergence: d, budget: budget, cost: 1}
	if err := s.unpack(); err != nil {
		return err
	}
	if !s.still() {
		// Native's answer, or ours, is not the same twice: keep the case as it is.
		return s.err
	}
	before, minimal := s.parts(), false
	for s.shrunk = true; s.shrunk && s.budget > 0 && s.err == nil; minimal = !s.shrunk && s.budget > 0 {
		s.shrunk = false
		s.round()
	}
	if s.err != nil {
		return s.err
	}
	s.still() // so that the verdicts are those of the case that is left
	if s.adopt(); s.err != nil {
		return s.err
	}
	d.Shrunk = Shrunk{Parts: s.parts(), Of: before, Minimal: minimal}
	return s.decide()
}

// clusterCost is what trying a smaller cluster takes from the budget: it has to be translated and
// compiled.
const clusterCost = 5

// liveClusterCost is the same for a live cluster, whose budget is small.
const liveClusterCost = 3

// shrinker changes its documents in place, and takes back what makes the divergence go away.
type shrinker struct {
	ctx        context.Context
	judge      *Judge
	divergence *Divergence
	budget     int
	cost       int // of one trial
	shrunk     bool
	reason     [2]bool // see presentable
	pods       bool
	err        error

	objects     []any
	object, old any
	groups      []any
	judgement   *Judgement // of the last trial that still diverged
	anchor      *Recorded  // what the side that is asked with the objects has to go on saying, if that matters
}

func (s *shrinker) unpack() error {
	for _, object := range s.divergence.Objects {
		value, err := decode(object)
		if err != nil {
			return err
		}
		s.objects = append(s.objects, value)
	}
	request := s.divergence.Request
	if request == nil {
		return nil
	}
	var err error
	if len(request.Object) > 0 {
		if s.object, err = decode(request.Object); err != nil {
			return err
		}
	}
	if len(request.OldObject) > 0 {
		if s.old, err = decode(request.OldObject); err != nil {
			return err
		}
	}
	for _, group := range request.UserInfo.Groups {
		s.groups = append(s.groups, group)
	}
	return nil
}

// round tries every part once: the request's first, for they cost least to try.
func (s *shrinker) round() {
	objects := func() { s.list(func() []any { return s.objects }, func(v []any) { s.objects = v }) }
	fixed := func() {
		s.anchor = s.judge.options.decidedByObjects(s.judgement)
		if s.judge.options.Live != nil {
			s.cost = liveClusterCost
		}
		objects()
		s.anchor, s.cost = nil, 1
	}
	if s.judge.options.Live != nil && !(s.judge.options.Live.Native && s.judge.options.given()) {
		fixed() // first, for a cluster has many
	}
	if s.object != nil && s.old != nil {
		s.node(s.object, s.old)
	}
	for _, document := range []any{s.object, s.old} {
		if document != nil {
			s.node(document)
		}
	}
	s.list(func() []any { return s.groups }, func(v []any) { s.groups = v })
	if s.judge.options.fixed() {
		if s.judge.options.Live == nil {
			fixed()
		}
		return
	}
	s.cost = clusterCost
	objects()
	for i := range s.objects {
		s.node(s.objects[i])
	}
	s.cost = 1
}

// node drops what it can below documents of the same shape; from all of them at once.
func (s *shrinker) node(nodes ...any) {
	var all []map[string]any
	keys := map[string]bool{}
	for _, n := range nodes {
		if m, ok := n.(map[string]any); ok {
			all = append(all, m)
			for key := range m {
				keys[key] = true
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		s.key(all, key)
	}
}

// key drops the key, or what it can below it.
func (s *shrinker) key(all []map[string]any, key string) {
	var holders []map[string]any
	var values []any
	for _, m := range all {
		if value, ok := m[key]; ok {
			holders, values = append(holders, m), append(values, value)
		}
	}
	if len(holders) == 0 {
		return
	}
	for _, m := range holders {
		delete(m, key)
	}
	if s.accept() {
		return
	}
	for i, m := range holders {
		m[key] = values[i]
	}
	if lists, ok := sameLength(values); ok {
		s.lists(holders, key, len(lists[0]))
		return
	}
	s.node(values...)
}

func sameLength(values []any) ([][]any, bool) {
	var lists [][]any
	for _, value := range values {
		list, ok := value.([]any)
		if !ok || len(lists) > 0 && len(list) != len(lists[0]) {
			return nil, false
		}
		lists = append(lists, list)
	}
	return lists, true
}

// lists drops runs of items, long ones first, then what it can below each item that stays.
func (s *shrinker) lists(holders []map[string]any, key string, length int) {
	get := func(m map[string]any) []any { list, _ := m[key].([]any); return list }
	for size := length; size > 0; size /= 2 {
		for from := 0; from < len(get(holders[0])); {
			saved := make([][]any, len(holders))
			for i, m := range holders {
				saved[i] = get(m)
				m[key] = slices.Delete(slices.Clone(saved[i]), from, min(from+size, len(saved[i])))
			}
			if s.accept() {
				continue
			}
			for i, m := range holders {
				m[key] = saved[i]
			}
			from += size
		}
	}
	for i := range get(holders[0]) {
		var items []any
		for _, m := range holders {
			items = append(items, get(m)[i])
		}
		s.node(items...)
	}
}

// list is lists for a list that is in no object.
func (s *shrinker) list(get func() []any, set func([]any)) {
	for size := len(get()); size > 0; size /= 2 {
		for from := 0; from < len(get()); {
			saved := get()
			set(slices.Delete(slices.Clone(saved), from, min(from+size, len(saved))))
			if s.accept() {
				continue
			}
			set(saved)
			from += size
		}
	}
}
