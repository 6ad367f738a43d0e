// SPDX-License-Identifier: Apache-2.0

package record

import (
	"maps"
	"slices"
	"strconv"
)

// choose picks, one by one, the candidate that shows most of what those before it did not, at most so many; the plain pod is
// the first. It fills in what the cases come to for the policy, which decides the checks.
func choose(candidates []candidate, most int, checks []string, p *Policy) []*candidate {
	shown := [tiers]map[string]bool{{}, {}, {}}
	left := make([]*candidate, len(candidates))
	for i := range candidates {
		left[i] = &candidates[i]
	}
	var chosen []*candidate
	var enough [tiers]map[string]bool
	for len(left) > 0 {
		best := 0
		if p.Wanted > 0 {
			if best = mostNew(left, shown); best < 0 {
				break
			}
		}
		c := left[best]
		left = slices.Delete(left, best, best+1)
		for tier := range shown {
			for _, goal := range c.goals[tier] {
				shown[tier][goal] = true
			}
		}
		if p.Wanted++; p.Wanted <= most {
			chosen = append(chosen, c)
			for tier := range shown {
				enough[tier] = maps.Clone(shown[tier])
			}
		}
	}
	p.Cases, p.Told, p.Faults = len(chosen), len(enough[faults]), len(shown[faults])
	for _, check := range checks {
		if !enough[decisions][check] {
			p.Undecided = append(p.Undecided, check)
		}
	}
	return number(chosen)
}

// mostNew is the place of the first candidate that shows most; negative if none shows anything new.
func mostNew(left []*candidate, shown [tiers]map[string]bool) int {
	best, most := -1, [tiers]int{}
	for i, c := range left {
		var fresh [tiers]int
		for tier := range shown {
			for _, goal := range c.goals[tier] {
				if !shown[tier][goal] {
					fresh[tier]++
				}
			}
		}
		if slices.Compare(fresh[:], most[:]) > 0 {
			best, most = i, fresh
		}
	}
	return best
}

// number tells cases of one name apart.
func number(chosen []*candidate) []*candidate {
	count := map[string]int{}
	for _, c := range chosen {
		count[c.name]++
		if n := count[c.name]; n > 1 {
			c.name += "_" + strconv.Itoa(n)
		}
	}
	return chosen
}
