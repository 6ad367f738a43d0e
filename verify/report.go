// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"time"

	"psp2rego/verify/protocol"
)

// Report is the result of a run.
type Report struct {
	Tool    string        `json:"tool,omitempty"` // version of the psp2rego that made the report
	Seed    uint64        `json:"seed"`
	Native  string        `json:"native"` // version of the Kubernetes that decided
	OPA     string        `json:"opa"`    // version of the OPA that decided
	Dialect string        `json:"dialect"`
	Elapsed time.Duration `json:"elapsed"` // zero without a clock
	Passes  []*Tally      `json:"passes"`
	// Divergences are the first ones, in the order of their cases; the tallies count all.
	Divergences []*Divergence `json:"divergences"`
	// Plan is what was asked for; nil when a recorded case was judged. Done is how many units of it
	// are in the report, always those that come first, and Stopped why these are not all.
	Plan    *Plan `json:"plan,omitempty"`
	Done    int   `json:"done"`
	Stopped Stop  `json:"stopped,omitempty"`
	// AllowUndecided accepts checks that were not seen to decide both ways; see Undecided.
	AllowUndecided bool `json:"allowUndecided,omitempty"`
}

// Stop says why a run ended before all cases were judged; empty when it did not.
type Stop string

const (
	// StoppedByTime: Options.Duration is over.
	StoppedByTime Stop = "time"
	// StoppedByInterrupt: the run was interrupted, or is still going on.
	StoppedByInterrupt Stop = "interrupt"
	// StoppedByDivergences: there are as many as Options.StopAfter.
	StoppedByDivergences Stop = "divergences"
)

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
	// Unfinished: no difference was found until the run was interrupted.
	Unfinished
	// NotDecided: no difference was found, and some check of some policy was not seen to decide both ways.
	NotDecided
)

// Outcome tells what the report means.
func (r *Report) Outcome() Outcome {
	judged := 0
	for _, t := range r.Passes {
		judged += t.Phases[Validate].Asked
	}
	switch {
	case r.Diverging() > 0:
		return Diverging
	case r.Stopped == StoppedByInterrupt:
		return Unfinished
	case judged == 0:
		return Inconclusive
	case !r.AllowUndecided && !r.partial() && len(r.Undecided()) > 0:
		return NotDecided
	}
	return Equivalent
}

// partial says whether the report is on one shard of several: what it does not decide another may.
func (r *Report) partial() bool { return r.Plan != nil && r.Plan.Shard.Of > 1 }

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
