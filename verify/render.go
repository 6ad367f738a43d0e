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
	p.f("native Kubernetes %s, %s, seed %d%s\n", r.Native, r.engine(), r.Seed, r.share())
	p.cluster(r.Cluster)
	p.judged(r.Judged)
	for _, t := range r.Passes {
		p.tally(t)
	}
	p.score(r)
	p.undecided(r)
	for i, d := range r.Divergences {
		p.f("\n")
		if r.ofAnotherMaking() {
			p.witness(i+1, r, d)
		} else {
			p.divergence(i+1, r, d)
		}
	}
	if more := r.Diverging() - len(r.Divergences); r.Judged == nil && more > 0 && len(r.Divergences) > 0 {
		p.f("\n%d more divergences are counted and not shown\n", more)
	}
	p.f("\n%s: %s\n", r.verdict(), r.rate())
	return p.err
}

// cluster tells which API server was asked, and what that can show.
func (p *printer) cluster(c *ClusterSet) {
	switch {
	case c == nil:
	case c.Judged:
		p.f("asked by dry runs: creations alone; audit annotations are not told\n")
	default:
		p.f("native is the API server %s, asked by dry runs: creations alone; audit annotations are not told\n", c.Server)
	}
}

func (r *Report) verdict() string {
	switch r.Outcome() {
	case Diverging:
		return fmt.Sprintf("NOT EQUIVALENT: %d divergences", r.Diverging())
	case Inconclusive:
		return "NOTHING WAS JUDGED"
	case Unfinished:
		return "INTERRUPTED, no divergence so far"
	case NotDecided:
		return fmt.Sprintf("UNDECIDED, no divergence, %d checks not decided both ways", len(r.Undecided()))
	}
	return "no divergence"
}

func (r *Report) rate() string {
	text := fmt.Sprintf("%d%s cases", r.Cases(), r.asked())
	if r.Elapsed > 0 {
		text += fmt.Sprintf(" in %s, %.0f cases/s", r.Elapsed.Round(100*time.Millisecond),
			float64(r.Cases())/r.Elapsed.Seconds())
	}
	if r.Stopped == StoppedByTime {
		text += "; time was up"
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
	if p.err != nil || !t.varied() {
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

func (p *printer) divergence(n int, r *Report, d *Divergence) {
	p.f("divergence %d: %s\n", n, d.Sentence())
	p.origin(r, d)
	p.f("\n%s", d.YAML())
	if d.Native == nil {
		p.f("\n  native takes these objects; there is no bundle of them:\n")
		for line := range strings.SplitSeq(strings.TrimRight(d.Detail, "\n"), "\n") {
			p.f("    %s\n", printable(line))
		}
		return
	}
	p.f("\n")
	p.columns(sideBySide(d.Native, d.Ours), r.judged())
}

// origin tells the deciding field of a divergence, where it comes from and how to see it again.
func (p *printer) origin(r *Report, d *Divergence) {
	if d.Deciding != nil {
		p.f("  deciding field: %s\n", printable(d.Deciding.String()))
	}
	p.f("  %s\n", d.place())
	if d.File != "" {
		p.f("  recorded as %s, and seen again in it\n", printable(d.File))
	}
	if command := r.ReplayCommand(d); len(command) > 0 {
		p.f("  to see it again: %s\n", printable(strings.Join(command, " ")))
	}
}
