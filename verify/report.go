// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"slices"
	"time"

	"psp2rego/verify/protocol"
)

// Report is the result of a run. Whatever is written of it is a function of its fields.
type Report struct {
	Tool    string `json:"tool,omitempty"` // version of the psp2rego that made the report
	Seed    uint64 `json:"seed"`
	Native  string `json:"native"` // version of the Kubernetes that decided
	OPA     string `json:"opa"`    // version of the OPA that is linked in
	Dialect string `json:"dialect"`
	// Server is the version of the API server that the bundles are for; empty when that is not known.
	Server string `json:"server,omitempty"`
	// Command makes the run again, word by word; empty when that is not known.
	Command []string `json:"command,omitempty"`
	// Bundle is the path of the given bundle that was judged, and Templates are those of given templates
	// and constraints. Both are empty when bundles were made of the objects.
	Bundle    string   `json:"bundle,omitempty"`
	Templates []string `json:"templates,omitempty"`
	// Cluster is the live API server that was asked; nil when there was none.
	Cluster *ClusterSet `json:"cluster,omitempty"`
	// Judged is the given rule set; nil when bundles were made of the objects.
	Judged *RuleSet `json:"judged,omitempty"`
	// Policies are the names of the PodSecurityPolicies that were given, sorted, and Objects counts
	// what was given by kind. Both are empty when clusters were generated.
	Policies []string       `json:"policies,omitempty"`
	Objects  map[string]int `json:"objects,omitempty"`
	Elapsed  time.Duration  `json:"elapsedNanoseconds"` // zero without a clock
	Passes   []*Tally       `json:"passes"`
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

// newReport is a report on nothing yet.
func newReport(o *Options, dialect string, objects []json.RawMessage) *Report {
	r := &Report{Tool: o.Tool, Seed: o.Seed, OPA: OPAVersion(), Dialect: dialect, Server: o.Server, Command: o.Command}
	r.Bundle, r.Templates, r.Cluster = o.Bundle, o.Templates, o.clusterOf()
	for _, data := range objects {
		object := struct {
			Kind     string
			Metadata struct{ Name string }
		}{}
		if json.Unmarshal(data, &object) != nil {
			continue // whoever has to decide by it will say so
		}
		if r.Objects == nil {
			r.Objects = map[string]int{}
		}
		r.Objects[object.Kind]++
		if object.Kind == "PodSecurityPolicy" {
			r.Policies = append(r.Policies, object.Metadata.Name)
		}
	}
	slices.Sort(r.Policies)
	return r
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
	Invalid bool   `json:"invalid,omitempty"`
	Shrunk  Shrunk `json:"shrunk"`
	// Deciding is the field on which the shrunk case hangs; nil when none was looked for or found.
	Deciding *Deciding `json:"deciding,omitempty"`
	// File is where the case was recorded, if it was. It was judged again from there.
	File string `json:"file,omitempty"`
}

// Shrunk says how much smaller a case was made: its objects, fields and items, before and after. The
// zero value is a case that was not made smaller. Minimal is set when no single part that is left
// can go.
type Shrunk struct {
	Parts   int  `json:"parts"`
	Of      int  `json:"of"`
	Minimal bool `json:"minimal"`
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

// String is the word for an outcome.
func (o Outcome) String() string {
	switch o {
	case Equivalent:
		return "equivalent"
	case Diverging:
		return "diverging"
	case Unfinished:
		return "unfinished"
	case NotDecided:
		return "undecided"
	}
	return "inconclusive"
}

// Outcome tells what the report means.
func (r *Report) Outcome() Outcome {
	judged := 0
	for _, t := range r.Passes {
		judged += t.Phases[Mutate].Asked + t.Phases[Validate].Asked
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

// given are the paths of the given rule set.
func (r *Report) given() []string {
	return (&Options{Bundle: r.Bundle, Templates: r.Templates}).judged()
}

// ofAnotherMaking says whether the rules that were judged are not psp2rego's.
func (r *Report) ofAnotherMaking() bool { return r.Judged != nil && r.Judged.Compared == Decisions }

// judged is what was compared with native.
func (r *Report) judged() string {
	if r.Cluster != nil && r.Cluster.Judged {
		return "cluster"
	}
	return "bundle"
}

// engine names what ran the rules.
func (r *Report) engine() string {
	if r.Cluster != nil && r.Cluster.Judged {
		return "API server " + r.Cluster.Server
	}
	engine := "OPA " + r.OPA
	if r.Judged != nil {
		engine = r.Judged.Engine
	}
	if r.Server != "" {
		engine += " for API server " + r.Server
	}
	return engine
}
