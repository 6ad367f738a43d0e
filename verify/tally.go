// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"slices"

	"psp2rego/verify/cases"
)

// Tally counts the cases of one pass.
type Tally struct {
	Name     string `json:"name"`
	Clusters int    `json:"clusters,omitempty"` // generated ones
	Cases    int    `json:"cases"`
	// Allowed and Refused are native's verdicts on creations that it judged, both phases together.
	Allowed int `json:"allowed"`
	Refused int `json:"refused"`
	// Invalid counts pods that native admitted and API validation refuses for reasons of its own.
	Invalid     int                    `json:"invalid"`
	Kinds       map[cases.Kind]int     `json:"kinds"`
	Phases      map[Phase]*PhaseCount  `json:"phases"`
	Checks      map[string]*CheckCount `json:"checks"`
	Divergences map[Class]int          `json:"divergences"`
	Known       map[string]int         `json:"known"`
	Discarded   map[string]int         `json:"discarded"`
	// Fields counts what each policy decided in each check, by the names of both, as far as it has to
	// be seen to; see Report.Undecided.
	Fields map[string]map[string]*FieldCount `json:"fields,omitempty"`
	Score  *Score                            `json:"score"`
}

// PhaseCount counts what native said in one phase, and how often both sides agreed in everything.
type PhaseCount struct {
	Asked     int `json:"asked"`
	Agree     int `json:"agree"`
	Unhandled int `json:"unhandled"`
	Allowed   int `json:"allowed"`
	Refused   int `json:"refused"`
	Mutated   int `json:"mutated"` // allowed with a change beyond the policy's name
}

// CheckCount counts the cases that vary one check. A case is decisive when native's verdict flips
// between the two cases of a pair that differ in this check only: Allow counts flips to allowed,
// Deny flips to refused, Mutation pairs allowed both times with different changes.
type CheckCount struct {
	Cases            int `json:"cases"`
	Allowed          int `json:"allowed"`
	Refused          int `json:"refused"`
	DecisiveAllow    int `json:"decisiveAllow"`
	DecisiveDeny     int `json:"decisiveDeny"`
	DecisiveMutation int `json:"decisiveMutation"`
	Divergences      int `json:"divergences"` // of these cases
}

func newTally(name string) *Tally {
	t := &Tally{
		Name: name, Kinds: map[cases.Kind]int{}, Checks: map[string]*CheckCount{}, Divergences: map[Class]int{},
		Known: map[string]int{}, Discarded: map[string]int{},
		Phases: map[Phase]*PhaseCount{Mutate: {}, Validate: {}},
		Score:  newScore(),
	}
	for _, name := range cases.Checks() {
		t.Checks[name] = &CheckCount{}
	}
	return t
}

// count adds one case; last is the outcome of the case before it.
func (t *Tally) count(c *cases.Case, o, last *outcome) {
	t.Cases++
	t.Kinds[c.Kind]++
	if len(o.apiErrors) > 0 && o.allowed() {
		t.Invalid++
	}
	for phase, n := range t.Phases {
		if o.ours[phase] == nil {
			continue // the rule set has no such phase
		}
		n.count(o.native[phase], o.patch(phase))
		n.Agree++
	}
	t.Score.count(c, o, last)
	for _, d := range slices.Concat(o.differences, o.excused) {
		t.Phases[d.Phase].Agree--
	}
	if o.known != "" {
		t.Known[o.known]++
	}
	if c.Request.Operation == "CREATE" && o.native[Mutate].Handled {
		if o.allowed() {
			t.Allowed++
		} else {
			t.Refused++
		}
	}
	if n := t.Checks[c.Check]; n != nil {
		paired := c.Paired && !last.discarded
		n.count(paired, o, last)
		if paired {
			t.decide(c.Check, o, last)
		}
	}
}

func (n *PhaseCount) count(native *Verdict, patch json.RawMessage) {
	n.Asked++
	switch {
	case !native.Handled:
		n.Unhandled++
	case !native.Allowed:
		n.Refused++
	default:
		n.Allowed++
		if bytes.Count(patch, []byte(`"op"`)) > 1 {
			n.Mutated++
		}
	}
}

func (n *CheckCount) count(paired bool, o, last *outcome) {
	n.Cases++
	n.Divergences += len(o.differences)
	if o.allowed() {
		n.Allowed++
	} else {
		n.Refused++
	}
	switch {
	case !paired:
	case o.allowed() && !last.allowed():
		n.DecisiveAllow++
	case !o.allowed() && last.allowed():
		n.DecisiveDeny++
	case o.allowed() && !bytes.Equal(o.patch(Mutate), last.patch(Mutate)):
		n.DecisiveMutation++
	}
}

// varied says whether a case varied any check.
func (t *Tally) varied() bool {
	for _, n := range t.Checks {
		if n.Cases > 0 {
			return true
		}
	}
	return false
}

// add adds the counts of other. Of Fields it takes what this tally has to count.
func (t *Tally) add(other *Tally) {
	t.Clusters += other.Clusters
	t.Cases += other.Cases
	t.Allowed += other.Allowed
	t.Refused += other.Refused
	t.Invalid += other.Invalid
	addAll(t.Kinds, other.Kinds)
	addAll(t.Divergences, other.Divergences)
	addAll(t.Known, other.Known)
	addAll(t.Discarded, other.Discarded)
	t.addFields(other)
	t.Score.add(other.Score)
	for phase, o := range other.Phases {
		n := t.Phases[phase]
		n.Asked += o.Asked
		n.Agree += o.Agree
		n.Unhandled += o.Unhandled
		n.Allowed += o.Allowed
		n.Refused += o.Refused
		n.Mutated += o.Mutated
	}
	for name, o := range other.Checks {
		n := t.Checks[name]
		n.Cases += o.Cases
		n.Allowed += o.Allowed
		n.Refused += o.Refused
		n.DecisiveAllow += o.DecisiveAllow
		n.DecisiveDeny += o.DecisiveDeny
		n.DecisiveMutation += o.DecisiveMutation
		n.Divergences += o.Divergences
	}
}

func addAll[K comparable](to, from map[K]int) {
	for key, n := range from {
		to[key] += n
	}
}
