// SPDX-License-Identifier: Apache-2.0

// Package properties holds what has to be true of every translation, one property per file. A property has cases of its
// own, narrow enough that nothing else has a say, a strictness, and outcomes that must occur among its cases, so that
// none holds because nothing was tried. docs/verification.md lists them.
package properties

import (
	"context"
	"encoding/json"

	"psp2rego/verify"
	"psp2rego/verify/cases"
)

// Property is one thing that has to be true.
type Property struct {
	// Name is the stem of the property's file.
	Name string
	// Strictness is what counts as a violation.
	Strictness Strictness
	// Expect are outcomes that must occur in each aspect of the property's cases.
	Expect []Outcome
	// ExpectOnce are outcomes that must occur somewhere among the cases.
	ExpectOnce []Outcome
	// Cost is how many cases of another property one case takes as long as; zero is one. So many cases fewer are tried.
	Cost int
	// generate makes the cluster of an index and the requests to put to it.
	generate func(seed uint64, index int) *cases.Isolated
	// judge tries the property on a case: its violations are the Differences that Strictness counts.
	judge func(ctx context.Context, b *bench, c *verify.CaseFile) (*verify.Judgement, error)
}

// All are all properties, in the order of docs/verification.md.
func All() []Property {
	return []Property{
		singleFieldValidation(), singleFieldDefaulting(), choice(), authorization(), updates(),
		idempotence(), acceptance(), determinism(), roundTrip(),
	}
}

// Options say on what properties are tried. All but the numbers are needed.
type Options struct {
	// Native starts the evaluator with the real admission plugin.
	Native verify.NativeCommand
	// Translate makes a tarball of objects.
	Translate verify.Translate
	// Repack translates the same objects handed over as documents: lists of objects, or objects one by one, as JSON or
	// as YAML, each in a file of its own.
	Repack func(ctx context.Context, documents [][]byte, dialect string) ([]byte, error)
	// Folder writes the bundle of the objects as a folder, which does not exist yet.
	Folder func(ctx context.Context, objects []json.RawMessage, dialect, folder string) error
	// Pack makes a tarball of a folder that Folder wrote.
	Pack func(ctx context.Context, folder string) ([]byte, error)
	// Scratch is a folder for what is written on the way.
	Scratch string
	// Seed determines every case.
	Seed uint64
	// Cases is how many cases to try at least, divided by the property's Cost; clusters are made until there are enough.
	Cases int
	// Keep is how many violations are made small and shown, of different phases or classes; all are counted. Zero means 3.
	Keep int
	// Shrink is how much may be spent on making each kept violation smaller, as verify.Options has it; zero leaves
	// them as they are.
	Shrink int
}

// Violations that are no difference between two verdicts.
const (
	// Unstable: what has to be the same is not.
	Unstable verify.Class = "unstable"
)

// ask has both sides judge the case, and counts no difference: what a property makes of the verdicts is its own matter.
func ask(ctx context.Context, b *bench, c *verify.CaseFile) (*verify.Judgement, error) {
	judgement, err := b.judge.Judge(ctx, c)
	if err != nil {
		return nil, err
	}
	judgement.Differences = nil
	return judgement, nil
}

// compare is the judge of those properties that compare both sides.
func compare(ctx context.Context, b *bench, c *verify.CaseFile) (*verify.Judgement, error) {
	return b.judge.Judge(ctx, c)
}

// creations is the generated cluster of an index with the creations of pods among its first cases; all of one aspect.
func creations(settings cases.Settings, seed uint64, index, groups int) *cases.Isolated {
	made := &cases.Isolated{Cluster: cases.Generate(settings, seed, index)}
	for group := range groups {
		for _, c := range made.Group(settings, seed, group) {
			made.Probes = append(made.Probes, cases.Probe{Aspect: string(c.Kind), Request: c.Request})
		}
	}
	return made
}
