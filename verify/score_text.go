// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// grantsTitle is CauseGrants in a table.
const grantsTitle = "(requester may use no policy)"

// judged tells what was judged, and how.
func (p *printer) judged(set *RuleSet) {
	if set == nil {
		return
	}
	what := map[Strictness]string{
		Everything: "everything is compared",
		Messages:   "decisions and messages are compared",
		Decisions:  "decisions and pods are compared, messages and policy names are not",
	}
	p.f("the given rules are judged in %s; %s\n", strings.Join(phaseNames(set.Phases), " and "), what[set.Compared])
	for _, note := range set.Notes {
		p.f("  %s\n", note)
	}
}

func phaseNames(phases []Phase) []string {
	var names []string
	for _, phase := range phases {
		names = append(names, string(phase))
	}
	return names
}

// score tells how a given rule set compares with native: by case, and by cause.
func (p *printer) score(r *Report) {
	s := r.Score()
	judged := s.judged()
	if r.Judged == nil || judged == 0 {
		return
	}
	p.f("\nscore: %d of %d cases agree (%.1f %%)\n", s.Agree, judged, 100*float64(s.Agree)/float64(judged))
	for _, class := range Classes() {
		if n := s.Worst[class]; n > 0 || slices.Contains([]Class{FailOpen, FailClosed, Mutation, NotMutated}, class) {
			p.f("  %-11s  %6d  %5.1f %%  %s\n", class, n, 100*float64(n)/float64(judged), meaning(class))
		}
	}
	if s.NotAsked > 0 {
		p.f("  in %d of these cases native fills in defaults, which these rules have no phase for\n", s.NotAsked)
	}
	p.causes(s)
}

// meaning is a class in words.
func meaning(class Class) string {
	return map[Class]string{
		FailOpen: "allowed, and native refuses", Fault: "no answer that an API server takes", FailClosed: "refused, and native allows",
		Mutation: "allowed, and another pod than native's comes of it", NotMutated: "allowed, and left without native's defaults",
		Policy: "allowed by another policy", Message: "refused in other words",
	}[class]
}

// causes is the table of what brought differences about, where that is known.
func (p *printer) causes(s *Score) {
	var columns []Class
	for _, class := range Classes() {
		some := func(n *CauseCount) bool { return n.Classes[class] > 0 }
		if slices.ContainsFunc(slices.Collect(maps.Values(s.Causes)), some) {
			columns = append(columns, class)
		}
	}
	if len(columns) == 0 {
		return
	}
	p.f("  differences that come with one check alone, among pairs of pods that differ in it:\n")
	table := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(columns ...any) {
		_, err := fmt.Fprintln(table, "  "+line(columns))
		p.err = cmp.Or(p.err, err)
	}
	header := []any{"check", "pairs"}
	for _, class := range columns {
		header = append(header, class)
	}
	row(header...)
	for _, name := range append(cases.Checks(), CauseGrants) {
		n := s.Causes[name]
		if n == nil || n.Pairs == 0 && len(n.Classes) == 0 {
			continue
		}
		cells := []any{name, n.Pairs}
		if name == CauseGrants {
			cells = []any{grantsTitle, "-"}
		}
		for _, class := range columns {
			cells = append(cells, n.Classes[class])
		}
		row(cells...)
	}
	p.err = cmp.Or(p.err, table.Flush())
}

// witness is a divergence of a given rule set: the request, and what both sides say. The cluster is the
// one that was given.
func (p *printer) witness(n int, r *Report, d *Divergence) {
	p.f("witness %d: %s", n, d.Class)
	switch {
	case d.Check == CauseGrants:
		p.f(", because the requester may use no policy")
	case d.Check != "":
		p.f(" by %s", d.Check)
	}
	p.f(" (%s): %s\n", d.Phase, d.Headline())
	p.origin(r, d)
	if d.Request == nil {
		return
	}
	p.f("  %s\n", about(d.Request))
	for _, part := range []struct {
		title string
		data  []byte
	}{{"stored", d.Request.OldObject}, {"sent", d.Request.Object}} {
		if len(part.data) == 0 {
			continue
		}
		text, err := toYAML(part.data)
		p.err = cmp.Or(p.err, err)
		p.f("  %s:\n%s", part.title, indented("    ", string(text)))
	}
	p.f("  native:    %s\n", said(d.Native, d.Phase))
	p.f("  the rules: %s\n", said(d.Ours, d.Phase))
}

// about is a request in one line, without its object.
func about(r *protocol.Request) string {
	resource := r.Resource.Resource
	if r.SubResource != "" {
		resource += "/" + r.SubResource
	}
	text := fmt.Sprintf("%s %s in namespace %q by user %q", r.Operation, resource, r.Namespace, r.UserInfo.Username)
	if len(r.UserInfo.Groups) > 0 {
		text += fmt.Sprintf(" of groups %q", r.UserInfo.Groups)
	}
	return text
}

// said is a side's verdict in one phase, in one paragraph.
func said(side *Recorded, phase Phase) string {
	if side == nil {
		return "nothing"
	}
	v := side.Validate
	if phase == Mutate {
		v = side.Mutate
	}
	switch {
	case v == nil:
		return "nothing"
	case v.Fault != "":
		return "no answer: " + v.Fault
	case !v.Allowed:
		return "refused: " + strings.ReplaceAll(v.Message, "\n", "\n             ")
	case len(v.Changes) > 0:
		return "allowed, with " + strings.Join(v.Changes, ", ")
	}
	return "allowed"
}

func indented(indent, text string) string {
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = indent + l
		}
	}
	return strings.Join(lines, "")
}
