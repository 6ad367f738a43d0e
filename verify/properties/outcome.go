// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"bytes"
	"fmt"
	"slices"

	"psp2rego/verify"
)

// Outcome is what became of a case.
type Outcome string

const (
	// Allowed: judged and let through, in all phases that were asked.
	Allowed Outcome = "allowed"
	// Refused: refused in some phase.
	Refused Outcome = "refused"
	// LeftAlone: let through without being judged.
	LeftAlone Outcome = "left alone"
	// Changed: allowed with a change beyond the policy's name.
	Changed Outcome = "changed"
	// Unchanged: allowed, in a phase that may change the pod, without one.
	Unchanged Outcome = "unchanged"
	// Translated: there was nothing to ask; the cluster was translated.
	Translated Outcome = "translated"
	// Discarded: the evaluator does not take the case, or a known difference excuses it.
	Discarded Outcome = "discarded"
)

// outcomes are those of one case: native's, or the bundle's where native was not asked.
func outcomes(j *verify.Judgement) []Outcome {
	said := j.Native
	if said == nil {
		said = j.Ours
	}
	switch {
	case j.Refused != "" || j.Known != "":
		return []Outcome{Discarded}
	case said == nil:
		return []Outcome{Translated}
	}
	for _, v := range []*verify.RecordedVerdict{said.Mutate, said.Validate} {
		if v != nil && !v.Allowed {
			return []Outcome{Refused}
		}
	}
	if said.Validate == nil || said.Validate.Unhandled {
		return []Outcome{LeftAlone}
	}
	native, _ := j.Verdicts(verify.Mutate)
	switch {
	case native == nil || len(native.Object) == 0:
		return []Outcome{Allowed}
	case bytes.Equal(nameless(native.Object), nameless(j.Prepared().Object)):
		return []Outcome{Allowed, Unchanged}
	}
	return []Outcome{Allowed, Changed}
}

// Count counts cases by outcome.
type Count map[Outcome]int

// missing tells which of the outcomes did not occur.
func (c Count) missing(where string, expected []Outcome) []string {
	var all []string
	for _, outcome := range expected {
		if c[outcome] == 0 {
			all = append(all, fmt.Sprintf("%s: no case was %s", where, outcome))
		}
	}
	return all
}

func (c Count) String() string {
	var text string
	for _, outcome := range []Outcome{Allowed, Changed, Unchanged, Refused, LeftAlone, Translated, Discarded} {
		if c[outcome] > 0 {
			text += fmt.Sprintf(", %s %d", outcome, c[outcome])
		}
	}
	if text == "" {
		return "nothing"
	}
	return text[2:]
}

// empty tells what the property expected and the cases did not show: then nothing is proven.
func (r *Result) empty(p Property) []string {
	if r.Cases == 0 {
		return []string{"no cases"}
	}
	all := r.Total.missing("all cases", slices.Concat(p.Expect, p.ExpectOnce))
	for _, aspect := range r.aspects() {
		all = append(all, r.Aspects[aspect].missing(aspect, p.Expect)...)
	}
	return all
}
