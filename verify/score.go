// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"slices"
	"strings"

	"psp2rego/verify/cases"
)

// Score counts cases by how a rule set compares with native, each case once.
type Score struct {
	// Agree counts the cases without any difference.
	Agree int `json:"agree"`
	// Worst counts the others by their gravest difference, in whichever phase it is.
	Worst map[Class]int `json:"worst"`
	// NotAsked counts the creations that native changes and a rule set without a first phase cannot.
	NotAsked int `json:"notAsked"`
	// Causes tell what brought differences about, as far as that is known: by check, and by
	// CauseGrants.
	Causes map[string]*CauseCount `json:"causes"`
}

// CauseCount counts pairs of cases that differ in one check only, and those of them of which one
// case is judged otherwise than native judges it and the other is not.
type CauseCount struct {
	Pairs   int           `json:"pairs"`
	Classes map[Class]int `json:"classes"`
}

// CauseGrants is the cause of a difference on a request whose requester may use no policy.
const CauseGrants = "grants"

func newScore() *Score { return &Score{Worst: map[Class]int{}, Causes: map[string]*CauseCount{}} }

func (s *Score) cause(name string) *CauseCount {
	if s.Causes[name] == nil {
		s.Causes[name] = &CauseCount{Classes: map[Class]int{}}
	}
	return s.Causes[name]
}

// count adds one case; last is the outcome of the case before it.
func (s *Score) count(c *cases.Case, o, last *outcome) {
	if o.ours[Mutate] == nil && strings.Count(string(o.patch(Mutate)), `"op"`) > 1 {
		s.NotAsked++
	}
	if varies(c, last) {
		s.cause(c.Check).Pairs++
	}
	switch {
	case len(o.differences) > 0:
		s.Worst[gravest(o.differences)]++
	case len(o.excused) == 0:
		s.Agree++
	}
	for _, d := range o.differences {
		if name := cause(c, o, last, d); name != "" {
			s.cause(name).Classes[d.Class]++
		}
	}
	for _, d := range last.differences {
		if varies(c, last) && o.letsThrough(d.Phase) {
			s.cause(c.Check).Classes[d.Class]++
		}
	}
}

func gravest(differences []*Difference) Class {
	rank := func(d *Difference) int { return slices.Index(Classes(), d.Class) }
	return slices.MinFunc(differences, func(a, b *Difference) int { return cmp.Compare(rank(a), rank(b)) }).Class
}

// varies says whether the case differs from the last one in its check alone.
func varies(c *cases.Case, last *outcome) bool {
	return c.Paired && c.Check != "" && last.prepared != nil && !last.discarded
}

// cause is what brought the difference about: the grants where native finds no policy for the requester, else the
// check in which the case differs from the last one, if both sides let that one through. It is empty where neither is so:
// a pod that is refused anyhow says nothing about a single check.
func cause(c *cases.Case, o, last *outcome, d *Difference) string {
	switch {
	case d.Class == FailOpen && o.emptyHanded(d.Phase)[0]:
		return CauseGrants
	case varies(c, last) && last.letsThrough(d.Phase):
		return c.Check
	}
	return ""
}

// letsThrough says whether both sides allow in the phase, and do the same to the pod.
func (o *outcome) letsThrough(phase Phase) bool {
	native, ours := o.native[phase], o.ours[phase]
	differ := func(d *Difference) bool { return d.Phase == phase }
	return native != nil && ours != nil && native.Allowed && ours.Allowed && !slices.ContainsFunc(o.differences, differ)
}

// add adds the counts of other.
func (s *Score) add(other *Score) {
	s.Agree += other.Agree
	s.NotAsked += other.NotAsked
	addAll(s.Worst, other.Worst)
	for name, o := range other.Causes {
		n := s.cause(name)
		n.Pairs += o.Pairs
		addAll(n.Classes, o.Classes)
	}
}

// judged is the number of cases that were scored.
func (s *Score) judged() int {
	n := s.Agree
	for _, worst := range s.Worst {
		n += worst
	}
	return n
}

// Score is that of all passes together.
func (r *Report) Score() *Score {
	all := newScore()
	for _, t := range r.Passes {
		all.add(t.Score)
	}
	return all
}
