// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"psp2rego/verify/cases"
)

// WriteText writes the report for a person: counts per pass and check, then each kept divergence in
// full.
func (r *Report) WriteText(w io.Writer) error {
	p := &printer{w: w}
	p.f("native Kubernetes %s, %s, seed %d\n", r.Native, r.engine(), r.Seed)
	p.judged(r.Judged)
	for _, t := range r.Passes {
		p.tally(t)
	}
	p.score(r)
	for i, d := range r.Divergences {
		p.f("\n")
		if r.Judged != nil {
			p.witness(i+1, d)
		} else {
			p.divergence(i+1, d)
		}
	}
	if more := r.Diverging() - len(r.Divergences); r.Judged == nil && more > 0 && len(r.Divergences) > 0 {
		p.f("\n%d more divergences are counted and not shown\n", more)
	}
	p.f("\n%s: %s\n", r.verdict(), r.rate())
	return p.err
}

func (r *Report) verdict() string {
	switch r.Outcome() {
	case Diverging:
		return fmt.Sprintf("NOT EQUIVALENT: %d divergences", r.Diverging())
	case Inconclusive:
		return "NOTHING WAS JUDGED"
	}
	return "no divergence"
}

func (r *Report) rate() string {
	text := fmt.Sprintf("%d cases", r.Cases())
	if r.Elapsed > 0 {
		text += fmt.Sprintf(" in %s, %.0f cases/s", r.Elapsed.Round(100*time.Millisecond),
			float64(r.Cases())/r.Elapsed.Seconds())
	}
	return text
}

// printer remembers the first error, so that its callers need not.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) tally(t *Tally) {
	p.f("\n%s: %d cases", t.Name, t.Cases)
	if t.Clusters > 0 {
		p.f(" in %d clusters", t.Clusters)
	}
	p.f("; creations allowed %d, refused %d; allowed but invalid for the API %d\n", t.Allowed, t.Refused, t.Invalid)
	p.counts("  cases", t.Kinds)
	for _, phase := range []Phase{Mutate, Validate} {
		n := t.Phases[phase]
		if n.Asked == 0 {
			continue // the rules have no such phase
		}
		p.f("  %-8s  %d of %d agree; native allowed %d (%d with changes), refused %d, left alone %d\n",
			phase, n.Agree, n.Asked, n.Allowed, n.Mutated, n.Refused, n.Unhandled)
	}
	p.counts("  divergences", t.Divergences)
	p.counts("  known differences", t.Known)
	p.counts("  discarded", t.Discarded)
	if p.err != nil || !slices.ContainsFunc(slices.Collect(maps.Values(t.Checks)), func(n *CheckCount) bool { return n.Cases > 0 }) {
		return
	}
	table := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(columns ...any) {
		_, err := fmt.Fprintln(table, "  "+line(columns))
		p.err = cmp.Or(p.err, err)
	}
	row("check", "cases", "allowed", "refused", "decisive allow", "decisive deny", "decisive change")
	for _, name := range cases.Checks() {
		n := t.Checks[name]
		row(name, n.Cases, n.Allowed, n.Refused, n.DecisiveAllow, n.DecisiveDeny, n.DecisiveMutation)
	}
	p.err = cmp.Or(p.err, table.Flush())
}

func line(columns []any) string {
	b := strings.Builder{}
	for _, c := range columns {
		fmt.Fprintf(&b, "%v\t", c)
	}
	return b.String()
}

func (p *printer) counts(title string, counts any) {
	var parts []string
	add := func(key string, n int) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", key, n))
		}
	}
	switch m := counts.(type) {
	case map[string]int:
		for _, key := range slices.Sorted(maps.Keys(m)) {
			add(key, m[key])
		}
	case map[Class]int:
		for _, key := range slices.Sorted(maps.Keys(m)) {
			add(string(key), m[key])
		}
	case map[cases.Kind]int:
		for _, key := range slices.Sorted(maps.Keys(m)) {
			add(string(key), m[key])
		}
	}
	if len(parts) > 0 {
		p.f("%s: %s\n", title, strings.Join(parts, ", "))
	}
}

func (p *printer) divergence(n int, d *Divergence) {
	p.f("divergence %d: %s", n, d.Class)
	if d.Phase != "" {
		p.f(" in %s", d.Phase)
	}
	p.f(": %s\n", d.Detail)
	if d.Case >= 0 {
		p.f("  seed %d, %s, cluster %d, case %d", d.Seed, d.Pass, d.Cluster, d.Case)
	} else {
		p.f("  seed %d, %s, cluster %d", d.Seed, d.Pass, d.Cluster)
	}
	if d.Check != "" {
		p.f(", varying %s", d.Check)
	}
	if d.Shrunk[1] > 0 {
		p.f("; shrunk from %d parts to %d", d.Shrunk[1], d.Shrunk[0])
	}
	p.f("\n")
	if d.File != "" {
		p.f("  recorded as %s\n", d.File)
	}
	data, err := d.CaseFile().Format()
	if err != nil {
		p.err = cmp.Or(p.err, err)
		return
	}
	p.f("%s", data)
}
