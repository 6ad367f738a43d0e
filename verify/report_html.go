// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"psp2rego/verify/cases"
)

//go:embed report.html
var reportHTML string

// page is the HTML form of a report. Its texts are escaped by the template, each for its place.
type page struct {
	*Report
	Verdict     Outcome
	Words       string // the verdict in the words of the text form
	Effects     []pageEffect
	Divergences []pageDivergence // instead of the report's own
	Unshown     int
	Passes      []pagePass // instead of the report's own
	Known       []pageKnown
	Kinds       []pageCount // of objects
	Engine      string
	Side        string     // what is compared with native
	Given       []string   // paths of what was judged
	Foreign     bool       // it is of another making
	Score       *pageScore // nil unless rules were given
}

type pageScore struct {
	*Score
	Judged int
	Worst  []pageCount // instead of the score's own
	Causes []pageCause // instead of the score's own
}

type pageCause struct {
	Name    string
	Pairs   int
	Classes []pageCount
}

type pageEffect struct {
	Name, Meaning string
	Count         int
}

type pageDivergence struct {
	*Divergence
	Number   int
	Effect   Class
	Place    string
	Replay   []string
	Rows     []row
	Untaken  []string // why there is no bundle, line by line
	Document []pageDocument
}

type pageDocument struct {
	Name  string
	Lines string
}

type pagePass struct {
	*Tally
	Phases      []pagePhase // instead of the tally's own
	Kinds       []pageCount
	Divergences []pageCount
	Discarded   []pageCount
	Checks      []pageCheck
	Undecided   int
}

type pagePhase struct {
	Name Phase
	*PhaseCount
}

type pageCheck struct {
	Name string
	*CheckCount
}

type pageCount struct {
	Name  string
	Count int
}

type pageKnown struct {
	Known
	Count int
}

// WriteHTML writes the report as one page that needs nothing else: no script, no font, no image.
func (r *Report) WriteHTML(w io.Writer) error {
	functions := template.FuncMap{"n": grouped, "s": plural, "shown": printable, "command": quoted, "rounded": rounded, "rate": perSecond}
	t, err := template.New("report").Funcs(functions).Parse(reportHTML)
	if err != nil {
		return fmt.Errorf("report as HTML: %w", err)
	}
	if err := t.Execute(w, r.page()); err != nil {
		return fmt.Errorf("report as HTML: %w", err)
	}
	return nil
}

func (r *Report) page() *page {
	p := &page{
		Report: r, Verdict: r.Outcome(), Words: sentenceCase(r.verdict()), Unshown: r.Diverging() - len(r.Divergences), Kinds: counts(r.Objects),
		Engine: r.engine(), Side: r.judged(), Given: r.given(), Foreign: r.ofAnotherMaking(), Score: r.pageScore(),
		Effects: []pageEffect{
			{Name: string(FailOpen), Meaning: "a pod gets in that native refuses"},
			{Name: string(FailClosed), Meaning: "a pod is kept out that native admits"},
			{Name: string(Mutation), Meaning: "the same decision, and something else left behind"},
		},
	}
	hits := map[string]int{}
	for _, t := range r.Passes {
		p.Passes = append(p.Passes, pageOf(t))
		addAll(hits, t.Known)
		for class, n := range t.Divergences {
			for i := range p.Effects {
				if p.Effects[i].Name == string(class.Effect()) {
					p.Effects[i].Count += n
				}
			}
		}
	}
	for _, hit := range counts(hits) {
		known := Known{ID: hit.Name}
		for _, entry := range append(KnownDifferences(), gatekeeperDifferences()...) {
			if entry.ID == hit.Name {
				known = entry
			}
		}
		p.Known = append(p.Known, pageKnown{known, hit.Count})
	}
	for i, d := range r.Divergences {
		p.Divergences = append(p.Divergences, r.pageDivergence(i+1, d))
	}
	return p
}

func (r *Report) pageScore() *pageScore {
	if r.Judged == nil {
		return nil
	}
	s := r.Score()
	p := &pageScore{Score: s, Judged: s.judged(), Worst: counts(s.Worst)}
	for _, name := range append(cases.Checks(), CauseGrants) {
		n := s.Causes[name]
		if n == nil || len(n.Classes) == 0 {
			continue
		}
		title := name
		if name == CauseGrants {
			title = grantsTitle
		}
		p.Causes = append(p.Causes, pageCause{title, n.Pairs, counts(n.Classes)})
	}
	return p
}

func (r *Report) pageDivergence(number int, d *Divergence) pageDivergence {
	p := pageDivergence{Divergence: d, Number: number, Effect: d.Class.Effect(), Place: d.place(), Replay: r.ReplayCommand(d)}
	if d.Native == nil {
		p.Untaken = strings.Split(strings.TrimRight(d.Detail, "\n"), "\n")
	} else {
		p.Rows = sideBySide(d.Native, d.Ours)
	}
	for _, file := range txtar.Parse([]byte(d.YAML())).Files {
		if file.Name != fileCluster && file.Name != fileRequest {
			continue // the page says it in words
		}
		lines := strings.Split(strings.TrimRight(string(file.Data), "\n"), "\n")
		for i := range lines {
			lines[i] = printable(lines[i])
		}
		p.Document = append(p.Document, pageDocument{file.Name, strings.Join(lines, "\n")})
	}
	return p
}

func pageOf(t *Tally) pagePass {
	p := pagePass{
		Tally: t, Kinds: counts(t.Kinds), Divergences: counts(t.Divergences), Discarded: counts(t.Discarded),
	}
	for _, phase := range []Phase{Mutate, Validate} {
		if n := t.Phases[phase]; n.Asked > 0 {
			p.Phases = append(p.Phases, pagePhase{phase, n}) // else the rules have no such phase
		}
	}
	if !t.varied() {
		return p
	}
	for _, name := range cases.Checks() {
		n := t.Checks[name]
		p.Checks = append(p.Checks, pageCheck{name, n})
		if n.DecisiveAllow == 0 || n.DecisiveDeny == 0 {
			p.Undecided++
		}
	}
	return p
}

// counts are those that are not zero, by name.
func counts[K ~string](m map[K]int) []pageCount {
	var list []pageCount
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if m[key] != 0 {
			list = append(list, pageCount{string(key), m[key]})
		}
	}
	return list
}

// grouped is a number with its digits in groups of three.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// sentenceCase is a text with a capital at its beginning only.
func sentenceCase(text string) string { return text[:1] + strings.ToLower(text[1:]) }

// plural is the ending of a word that is counted.
func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func rounded(d time.Duration) string { return cmp.Or(d.Round(100*time.Millisecond), d).String() }

func perSecond(n int, d time.Duration) string {
	return grouped(int(float64(n)/d.Seconds() + 0.5))
}
