// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Sample chooses n of the mutants that have to be caught: all but those that survived the last whole
// run or are argued equivalent. Which ones depends on their ids alone, and every file gets its share.
func (p *Plan) Sample(n int, last *Score, argued Argued) *Plan {
	excused := map[string]bool{}
	for _, m := range last.Survivors {
		excused[m.ID] = true
	}
	for id := range argued {
		excused[id] = true
	}
	type candidate struct {
		id     string
		file   string
		digest [sha256.Size]byte
		round  int
	}
	var all []candidate
	for _, m := range p.Mutants {
		if !excused[m.ID] {
			file, _, _ := strings.Cut(m.ID, ":")
			all = append(all, candidate{id: m.ID, file: file, digest: sha256.Sum256([]byte(m.ID))})
		}
	}
	byDigest := func(a, b candidate) int { return slices.Compare(a.digest[:], b.digest[:]) }
	slices.SortFunc(all, byDigest)
	rounds := map[string]int{}
	for i := range all {
		all[i].round = rounds[all[i].file]
		rounds[all[i].file]++
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.round, b.round), byDigest(a, b)) })
	chosen := map[string]bool{}
	for _, c := range all[:min(n, len(all))] {
		chosen[c.id] = true
	}
	return p.Choose(func(m *Mutant) bool { return chosen[m.ID] })
}

// SampleProblems are what is wrong with a run of a sample: what was not caught, and what was argued
// of mutants that do not exist.
func (p *Plan) SampleProblems(results []Result, argued Argued) error {
	var problems []error
	for _, r := range results {
		if r.Verdict == Survived {
			problems = append(problems, fmt.Errorf("no longer caught: %s", r.ID))
		}
	}
	exists := map[string]bool{}
	for _, m := range p.Mutants {
		exists[m.ID] = true
	}
	for id := range argued {
		if !exists[id] {
			problems = append(problems, fmt.Errorf("argued equivalent, and there is no such mutant: %s", id))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}
