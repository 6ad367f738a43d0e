// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"psp2rego/verify"
)

const defaultKeep = 3

// Run tries one property. An error means that it could not be tried; what was found is in the result.
func Run(ctx context.Context, p Property, options Options) (*Result, error) {
	switch {
	case options.Cases <= 0:
		return nil, errors.New("properties: no cases asked for")
	case options.Translate == nil || options.Repack == nil || options.Folder == nil || options.Pack == nil:
		return nil, errors.New("properties: a way to translate is missing")
	}
	b, err := newBench(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("properties: %w", err)
	}
	defer b.close()
	r := newResult(p, options.Seed)
	for index := 0; r.Cases*max(1, p.Cost) < options.Cases; index++ {
		n := r.Cases
		if err := r.cluster(ctx, p, b, index); err != nil {
			return nil, fmt.Errorf("properties: %s: seed %d, cluster %d: %w", p.Name, options.Seed, index, err)
		}
		if r.Cases == n {
			break // a generator that makes nothing: the result says so
		}
	}
	r.Empty = r.empty(p)
	if options.Shrink <= 0 {
		return r, nil
	}
	small := verify.JudgeBy(func(ctx context.Context, c *verify.CaseFile) (*verify.Judgement, error) {
		j, err := p.judge(ctx, b, c)
		if err == nil {
			j.Differences = slices.DeleteFunc(j.Differences, func(d *verify.Difference) bool { return !p.Strictness.Counts(d.Class) })
		}
		return j, err
	})
	for _, d := range r.Violations {
		if err := verify.Shrink(ctx, small, d, options.Shrink); err != nil {
			return nil, fmt.Errorf("properties: %s: shrinking seed %d, cluster %d, case %d: %w", p.Name, d.Seed, d.Cluster, d.Case, err)
		}
	}
	return r, nil
}

// cluster tries the property on the cases of one cluster.
func (r *Result) cluster(ctx context.Context, p Property, b *bench, index int) error {
	made := p.generate(r.Seed, index)
	r.Clusters++
	for i, probe := range made.Probes {
		c := &verify.CaseFile{Dialect: made.Dialect, Objects: made.Objects, Request: probe.Request}
		j, err := p.judge(ctx, b, c)
		if err != nil {
			return fmt.Errorf("case %d: %w", i, err)
		}
		r.count(probe.Aspect, j)
		for _, d := range j.Differences {
			if !p.Strictness.Counts(d.Class) {
				r.Beyond[d.Class]++
				continue
			}
			r.violate(cmp.Or(b.Keep, defaultKeep), &verify.Divergence{
				Pass: p.Name, Seed: r.Seed, Cluster: index, Case: i, Check: probe.Aspect, Difference: *d,
				Dialect: c.Dialect, Objects: c.Objects, Request: c.Request, Native: j.Native, Ours: j.Ours,
			})
		}
	}
	return nil
}

// violate counts a violation and keeps it unless it looks like one that is kept.
func (r *Result) violate(keep int, d *verify.Divergence) {
	r.Violated++
	alike := func(other *verify.Divergence) bool { return other.Phase == d.Phase && other.Class == d.Class }
	if len(r.Violations) < keep && !slices.ContainsFunc(r.Violations, alike) {
		r.Violations = append(r.Violations, d)
	}
}
