// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"time"

	"psp2rego/verify/protocol"
)

// Report is the result of a run.
type Report struct {
	Seed    uint64        `json:"seed"`
	Native  string        `json:"native"` // version of the Kubernetes that decided
	OPA     string        `json:"opa"`    // version of the OPA that decided
	Dialect string        `json:"dialect"`
	Judged  *RuleSet      `json:"judged,omitempty"` // a given rule set; nil when each cluster was translated
	Elapsed time.Duration `json:"elapsed"`          // zero without a clock
	Passes  []*Tally      `json:"passes"`
	// Divergences are the first ones, in the order of their cases; the tallies count all.
	Divergences []*Divergence `json:"divergences"`
}

// Divergence is one case on which the sides differ, with all it takes to see it again.
type Divergence struct {
	Pass    string `json:"pass"`
	Seed    uint64 `json:"seed"`
	Cluster int    `json:"cluster"`
	Case    int    `json:"case"` // -1 when the cluster as a whole diverges
	Check   string `json:"check,omitempty"`
	Difference
	Dialect string            `json:"dialect"`
	Objects []json.RawMessage `json:"objects"`
	Request *protocol.Request `json:"request,omitempty"`
	// Only is set on a case that was put to one phase alone.
	Only   Phase     `json:"only,omitempty"`
	Native *Recorded `json:"native,omitempty"`
	Ours   *Recorded `json:"bundle,omitempty"`
	// Invalid is set on a case that API validation would refuse whatever the policies say.
	Invalid bool `json:"invalid,omitempty"`
	// Shrunk says how much smaller the case was made: parts left of parts there were.
	Shrunk [2]int `json:"shrunk"`
	// File is where the case was recorded, if it was.
	File string `json:"file,omitempty"`
}

// Outcome is the meaning of a report, by which a command chooses its exit status.
type Outcome int

const (
	// Equivalent: cases were judged and no difference was found.
	Equivalent Outcome = iota
	// Diverging: at least one difference was found.
	Diverging
	// Inconclusive: nothing was judged.
	Inconclusive
)

// Outcome tells what the report means.
func (r *Report) Outcome() Outcome {
	judged := 0
	for _, t := range r.Passes {
		judged += t.Phases[Mutate].Asked + t.Phases[Validate].Asked
	}
	switch {
	case r.Diverging() > 0:
		return Diverging
	case judged == 0:
		return Inconclusive
	}
	return Equivalent
}

// Diverging is the number of divergences over all passes.
func (r *Report) Diverging() int {
	n := 0
	for _, t := range r.Passes {
		for _, c := range t.Divergences {
			n += c
		}
	}
	return n
}

// Cases is the number of cases over all passes.
func (r *Report) Cases() int {
	n := 0
	for _, t := range r.Passes {
		n += t.Cases
	}
	return n
}

// engine names what ran the rules.
func (r *Report) engine() string {
	if r.Judged != nil {
		return r.Judged.Engine
	}
	return "OPA " + r.OPA
}
