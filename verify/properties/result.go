// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"psp2rego/verify"
)

// Result is what trying a property showed.
type Result struct {
	Property string
	// Strictness is the property's.
	Strictness      Strictness
	Seed            uint64
	Clusters, Cases int
	Total           Count
	Aspects         map[string]Count
	// Discarded counts by reason.
	Discarded map[string]int
	// Beyond counts differences that Strictness does not count.
	Beyond map[verify.Class]int
	// Violated is the number of violations, Violations the first of each phase and class, made small.
	Violated   int
	Violations []*verify.Divergence
	// Empty says which expected outcomes did not occur.
	Empty []string
}

func newResult(p Property, seed uint64) *Result {
	return &Result{
		Property: p.Name, Strictness: p.Strictness, Seed: seed, Total: Count{}, Aspects: map[string]Count{},
		Discarded: map[string]int{}, Beyond: map[verify.Class]int{},
	}
}

// Holds says whether the property was tried in all its aspects and never violated.
func (r *Result) Holds() bool { return r.Violated == 0 && len(r.Empty) == 0 }

func (r *Result) aspects() []string { return slices.Sorted(maps.Keys(r.Aspects)) }

func (r *Result) count(aspect string, j *verify.Judgement) {
	r.Cases++
	if r.Aspects[aspect] == nil {
		r.Aspects[aspect] = Count{}
	}
	for _, outcome := range outcomes(j) {
		r.Total[outcome]++
		r.Aspects[aspect][outcome]++
	}
	switch {
	case j.Refused != "":
		r.Discarded[j.Refused]++
	case j.Known != "":
		r.Discarded["known difference "+j.Known]++
	}
}

// WriteText writes the counts and, for each kept violation, where it was met, both verdicts and the small case, as a file
// that `psp2rego verify --replay` takes.
func (r *Result) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, compared by %s: %d cases in %d clusters, seed %d: %s\n", r.Property, r.Strictness, r.Cases, r.Clusters, r.Seed, r.Total)
	for _, aspect := range r.aspects() {
		fmt.Fprintf(&b, "  %s: %s\n", aspect, r.Aspects[aspect])
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Discarded)) {
		fmt.Fprintf(&b, "  discarded %d: %s\n", r.Discarded[reason], reason)
	}
	for _, class := range slices.Sorted(maps.Keys(r.Beyond)) {
		fmt.Fprintf(&b, "  differences that do not count here: %s %d\n", class, r.Beyond[class])
	}
	for _, reason := range r.Empty {
		fmt.Fprintf(&b, "  PROVES NOTHING: %s\n", reason)
	}
	if r.Violated > 0 {
		fmt.Fprintf(&b, "  VIOLATED %d times\n", r.Violated)
	}
	for _, d := range r.Violations {
		text, err := d.CaseFile().Format()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\nviolation of %s:\n%s", r.Property, text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
