// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"iter"
	"math"

	"psp2rego/verify/cases"
)

// pass is one way to choose the requesters. Its units are independent of each other.
type pass struct {
	name  string
	given *subject // nil when each unit generates a cluster of its own
	cases int
}

// unbounded is a pass's number of cases when only time ends the run.
const unbounded = math.MaxInt

// unit is a share of a pass's cases that one worker does: those of one generated cluster, or some
// of a given one's.
type unit struct {
	pass  *pass
	index int // among the units of this run's shard, in order
	// cluster is the index of the generated cluster.
	cluster int
	first   int // group of cases
	cases   int // at most; the last group may be cut
}

// groupsPerUnit is how many groups of a given cluster a worker takes at once, and unitsPerTurn how
// many units of one pass come before the next pass has its turn: passes go on side by side, so that
// a run that ends early has seen all of them, and in blocks, because an evaluator takes a moment to
// load another pass's objects.
const (
	groupsPerUnit = 64
	unitsPerTurn  = 8
)

// unit is the nth unit of the pass, if it has so many.
func (p *pass) unit(n, perCluster int) (unit, bool) {
	size := perCluster
	if p.given != nil {
		size = groupsPerUnit * cases.GroupSize
	}
	left := p.cases - n*size
	if left <= 0 {
		return unit{}, false
	}
	u := unit{pass: p, cases: min(size, left)}
	if p.given != nil {
		u.first = n * groupsPerUnit
	} else {
		u.cluster = n
	}
	return u, true
}

// units are all units of the shard, in order.
func units(passes []*pass, perCluster int, shard Shard) iter.Seq[unit] {
	return func(yield func(unit) bool) {
		all, mine := 0, 0
		for turn := 0; ; turn++ {
			before := all
			for _, p := range passes {
				for n := turn * unitsPerTurn; n < (turn+1)*unitsPerTurn; n++ {
					u, ok := p.unit(n, perCluster)
					if !ok {
						break
					}
					if all++; (all-1)%shard.Of != shard.Index-1 {
						continue
					}
					u.index = mine
					if mine++; !yield(u) {
						return
					}
				}
			}
			if all == before {
				return
			}
		}
	}
}

func none(all iter.Seq[unit]) bool {
	for range all {
		return false
	}
	return true
}

// Shard is one of several equal shares of a run, counted from one. The zero value is the whole.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// String is "2/8".
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// ParseShard reads what String writes.
func ParseShard(text string) (Shard, error) {
	s := Shard{}
	if _, err := fmt.Sscanf(text, "%d/%d", &s.Index, &s.Of); err != nil || s.String() != text || !s.valid() {
		return Shard{}, fmt.Errorf("shard %q: want INDEX/NUMBER, from 1/NUMBER to NUMBER/NUMBER", text)
	}
	return s, nil
}

func (s Shard) valid() bool { return 1 <= s.Index && s.Index <= s.Of }
