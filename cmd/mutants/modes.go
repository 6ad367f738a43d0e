// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"

	"psp2rego/verify/mutants"
)

// kept reads the last score and the mutants that are argued to be equivalent. Both may be absent.
func (o *options) kept() (*mutants.Score, mutants.Argued, error) {
	text, err := read(o.score)
	if err != nil {
		return nil, nil, err
	}
	last, err := mutants.ParseScore(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.score, err)
	}
	if text, err = read(o.equivalent); err != nil {
		return nil, nil, err
	}
	argued, err := mutants.ParseArgued(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.equivalent, err)
	}
	return last, argued, nil
}

func read(name string) (string, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

func (o *options) print(all []mutants.Mutant) error {
	for _, m := range all {
		if _, err := fmt.Fprintf(o.stdout, "%s\n  line %d\n  - %s\n  + %s\n", m.ID, m.Line, m.Before, m.After); err != nil {
			return err
		}
	}
	return nil
}

// some judges what -only names.
func (o *options) some(ctx context.Context, plan *mutants.Plan) error {
	pattern, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	plan = plan.Choose(func(m *mutants.Mutant) bool { return pattern.MatchString(m.ID) })
	results, err := o.judge(ctx, plan)
	if err != nil {
		return err
	}
	count := map[mutants.Verdict]int{}
	for _, r := range results {
		count[r.Verdict]++
	}
	if err := o.print(survivors(plan, results)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.stdout, "%d caught, %d survived, %d do not compile\n",
		count[mutants.Caught], count[mutants.Survived], count[mutants.Invalid])
	return err
}

func survivors(plan *mutants.Plan, results []mutants.Result) []mutants.Mutant {
	verdicts := map[string]mutants.Verdict{}
	for _, r := range results {
		verdicts[r.ID] = r.Verdict
	}
	return plan.Choose(func(m *mutants.Mutant) bool { return verdicts[m.ID] == mutants.Survived }).Mutants
}

// part judges a sample, which the last score says is caught.
func (o *options) part(ctx context.Context, plan *mutants.Plan, last *mutants.Score, argued mutants.Argued) error {
	if len(last.Files) == 0 {
		return fmt.Errorf("%s holds no score to compare with: run `make mutants` once", o.score)
	}
	sample := plan.Sample(o.sample, last, argued)
	results, err := o.judge(ctx, sample)
	if err != nil {
		return err
	}
	if err := o.print(survivors(sample, results)); err != nil {
		return err
	}
	if err := plan.SampleProblems(results, argued); err != nil {
		return fmt.Errorf("%w:\n%w\nrun `make mutants`: better cases catch them, or %s says why none can", errFinding, err, o.equivalent)
	}
	return nil
}

// whole judges all mutants and writes the score.
func (o *options) whole(ctx context.Context, plan *mutants.Plan, last *mutants.Score, argued mutants.Argued) error {
	results, err := o.judge(ctx, plan)
	if err != nil {
		return err
	}
	cases := fmt.Sprintf("at most %d cases for each mutant, seed %d", o.cases, o.seed)
	score := mutants.NewScore(cases, plan.Mutants, results, argued)
	var text bytes.Buffer
	if err := score.Write(&text); err != nil {
		return err
	}
	if _, err := o.stdout.Write(text.Bytes()); err != nil {
		return err
	}
	problems := mutants.Problems(score, results, argued)
	if score.Percent() < last.Percent() && !o.force {
		return fmt.Errorf("%w:\n%.2f %% is less than the %.2f %% of %s, which is kept as it is", errFinding, score.Percent(), last.Percent(), o.score)
	}
	if err := replaceFile(o.score, text.Bytes()); err != nil {
		return err
	}
	if err := o.writePage(score, argued); err != nil {
		return err
	}
	if problems != nil {
		return fmt.Errorf("%w:\n%w", errFinding, problems)
	}
	return nil
}

// pageMark is the line of the page after which the score stands.
const pageMark = "<!-- make mutants writes what follows -->\n"

// writePage puts the score into the page that explains it.
func (o *options) writePage(score *mutants.Score, argued mutants.Argued) error {
	page, err := os.ReadFile(o.page)
	if err != nil {
		return err
	}
	head, _, ok := strings.Cut(string(page), pageMark)
	if !ok {
		return fmt.Errorf("%s: the line %q is missing", o.page, strings.TrimSpace(pageMark))
	}
	return replaceFile(o.page, []byte(head+pageMark+"\n"+score.Markdown(argued)))
}

// judge runs a plan, or what an interrupted run left of it, and tells how it goes, every so often.
func (o *options) judge(ctx context.Context, plan *mutants.Plan) ([]mutants.Result, error) {
	mark, err := o.fingerprint(plan.Mutants)
	if err != nil {
		return nil, err
	}
	state, done, err := openState(o.state, mark)
	if err != nil {
		return nil, err
	}
	defer func() { _ = state.Close() }()
	start, told, judged := o.now(), o.now(), 0
	return plan.Run(ctx, mutants.Options{
		Workers: o.workers, Done: done,
		Tell: func(result mutants.Result, left int) error {
			judged++
			if now := o.now(); left == 0 || now.Sub(told) >= 10*time.Second {
				told = now
				rate := float64(judged) / now.Sub(start).Minutes()
				fmt.Fprintf(o.stderr, "%d mutants judged, %d left, %.0f a minute\n", judged, left, rate)
			}
			return state.add(result)
		},
	})
}
