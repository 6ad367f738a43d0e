// SPDX-License-Identifier: Apache-2.0

package cases

import "math"

// narrowIDs is a strategy for users or groups with ranges that are small, overlap, touch, come
// unsorted or start at zero.
func (g *gen) narrowIDs(rules ...string) IDStrategy {
	s := IDStrategy{Rule: pick(g, rules...)}
	for range 1 + g.IntN(3) {
		low := pick[int64](g, 0, 1, 5, 100, 1000, 65534, int64(g.IntN(3000)))
		s.Ranges = append(s.Ranges, Range{low, low + pick[int64](g, 0, 0, 1, 2, 100, 64000)})
	}
	if g.chance(g.settings.OddPolicies / 2) { // the default comes from a range that matches nothing
		s.Ranges[0] = Range{s.Ranges[0].Max + 3, s.Ranges[0].Min}
	}
	return s
}

// oddIDs are strategies that are stored somewhere although they are of no use.
func (g *gen) oddIDs() IDStrategy {
	ranges := []Range{{5, 6}}
	return pick(g,
		IDStrategy{Rule: "MustRunAs"},                            // no provider can be built
		IDStrategy{Rule: "MayRunAs"},                             // likewise
		IDStrategy{Rule: "RunAsAny", Ranges: ranges},             // the ranges mean nothing
		IDStrategy{Rule: "MustRunAs", Ranges: []Range{{9, 3}}},   // matches nothing, and still is a default
		IDStrategy{Rule: "MustRunAs", Ranges: []Range{{-5, -1}}}, // refused by the API today
		IDStrategy{Rule: "MustRunAs", Ranges: []Range{{math.MinInt64, math.MaxInt64}}},
		IDStrategy{Rule: "MustRunAs", Ranges: []Range{{9007199254740993, 9007199254740993}}}, // 2^53 + 1
		IDStrategy{Rule: "mustRunAs", Ranges: ranges},
		IDStrategy{Rule: "", Ranges: ranges},
		IDStrategy{Rule: "Unknown", Ranges: ranges},
	)
}

// idsWithin are ids at the inner edges of the ranges, some in their middle.
func (g *gen) idsWithin(s IDStrategy) []int64 {
	var ids []int64
	if s.Rule == "RunAsAny" {
		return []int64{1, 1000, 65534, int64(g.IntN(5000) + 1)}
	}
	for _, r := range s.Ranges {
		if r.Min <= r.Max {
			ids = append(ids, r.Min, r.Max, r.Min+(r.Max-r.Min)/2)
		}
	}
	return ids
}

// idsAround are ids on both sides of every edge of the ranges, and those that are special anywhere.
func (g *gen) idsAround(s IDStrategy) []int64 {
	ids := []int64{0, 1, -1, math.MaxInt32, math.MaxInt32 + 1, 9007199254740993, math.MaxInt64, math.MinInt64}
	if s.Rule == "MustRunAsNonRoot" {
		ids = []int64{0, 0, 0, 1, -1}
	}
	for _, r := range s.Ranges {
		for range 2 { // edges weigh more than the special ones
			ids = append(ids, r.Min-1, r.Min, r.Max, r.Max+1)
		}
	}
	return ids
}
