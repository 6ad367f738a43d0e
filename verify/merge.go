// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"psp2rego/verify/cases"
)

// MergeReports is the report of the run that the reports are the shards of: the one that the run
// would have made in one piece, except for the time it took, which is that of the slowest shard. An
// error says why the reports are not all shards of one run.
func MergeReports(reports []*Report) (*Report, error) {
	byShard, err := sortShards(reports)
	if err != nil {
		return nil, err
	}
	merged := *byShard[0]
	plan := *merged.Plan
	plan.Shard = Shard{1, 1}
	merged.Plan, merged.Done, merged.Passes, merged.Divergences = &plan, 0, nil, nil
	for i, t := range byShard[0].Passes {
		sum := newTally(t.Name)
		sum.Fields = t.demanded()
		for _, r := range byShard {
			if len(r.Passes) != len(byShard[0].Passes) || r.Passes[i].Name != t.Name {
				return nil, fmt.Errorf("shard %s has other passes than shard %s", r.Plan.Shard, byShard[0].Plan.Shard)
			}
			sum.add(r.Passes[i])
		}
		merged.Passes = append(merged.Passes, sum)
	}
	var divergences []*Divergence
	for _, r := range byShard {
		merged.Done += r.Done
		merged.Elapsed = max(merged.Elapsed, r.Elapsed)
		merged.Native = cmp.Or(merged.Native, r.Native)
		merged.AllowUndecided = merged.AllowUndecided && r.AllowUndecided
		if r.Stopped == StoppedByInterrupt || merged.Stopped == "" {
			merged.Stopped = r.Stopped
		}
		divergences = append(divergences, r.Divergences...)
	}
	slices.SortStableFunc(divergences, func(a, b *Divergence) int { return slices.Compare(merged.place(a), merged.place(b)) })
	for _, d := range divergences {
		merged.Divergences = keep(merged.Divergences, d, plan.Keep, merged.Judged != nil)
	}
	merged.sortWitnesses()
	return &merged, nil
}

// place orders divergences as a run in one piece meets them; see units.
func (r *Report) place(d *Divergence) []int {
	n := d.Cluster
	if d.Pass != PassGenerated {
		n = d.Case / (groupsPerUnit * cases.GroupSize)
	}
	pass := slices.IndexFunc(r.Passes, func(t *Tally) bool { return t.Name == d.Pass })
	return []int{n / unitsPerTurn, pass, n, d.Case}
}

// sortShards puts the reports in the order of their shards, of which each has to be there once.
func sortShards(reports []*Report) ([]*Report, error) {
	if len(reports) == 0 {
		return nil, errors.New("no reports")
	}
	for i, r := range reports {
		if err := r.sameRun(reports[0]); err != nil {
			return nil, fmt.Errorf("report %d is not of the same run as report 1: %w", i+1, err)
		}
		if !r.Plan.Shard.valid() {
			return nil, fmt.Errorf("report %d: there is no shard %s", i+1, r.Plan.Shard)
		}
	}
	number := reports[0].Plan.Shard.Of
	byShard := make([]*Report, number)
	at := make([]int, number)
	for i, r := range reports {
		shard := r.Plan.Shard.Index - 1
		if byShard[shard] != nil {
			return nil, fmt.Errorf("reports %d and %d are both of shard %s", at[shard]+1, i+1, r.Plan.Shard)
		}
		byShard[shard], at[shard] = r, i
	}
	for i, r := range byShard {
		if r == nil {
			return nil, fmt.Errorf("the report of shard %s is missing", Shard{i + 1, number})
		}
	}
	return byShard, nil
}
