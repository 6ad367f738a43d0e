// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

// RuleSet says what was judged, and how.
type RuleSet struct {
	// Engine is the name and version of what runs the rules.
	Engine string `json:"engine"`
	// Phases are those in which the rules have a say.
	Phases   []Phase    `json:"phases"`
	Compared Strictness `json:"compared"`
	// Notes are what else the reader of a report should know.
	Notes []string `json:"notes,omitempty"`
}

// ready is a rule set as it was found, loaded.
type ready struct {
	RuleSet
	// opa is set when everything is compared.
	opa *OPA
	// engine is asked otherwise. It is nil for Gatekeeper, of which each goroutine has a process of its own.
	engine Engine
	// text is what Gatekeeper runs, where it is in no file.
	text []byte
	// server is the API server that templates of psp2rego are for.
	server server.Version
	// strangers says that the rules can judge requesters whom only Synthetic clusters have.
	strangers bool
}

// given says whether a rule set was given, instead of a way to make one.
func (o *Options) given() bool { return o.Bundle != "" || len(o.Templates) > 0 }

// judged are the paths of the given rule set.
func (o *Options) judged() []string {
	if o.Bundle != "" {
		return []string{o.Bundle}
	}
	return o.Templates
}

// set is what a report says of the rules; nil when none were given.
func (r *ready) set() *RuleSet {
	if r == nil {
		return nil
	}
	return &r.RuleSet
}

// open loads the given rule set for a cluster of these objects.
func (o *Options) open(ctx context.Context, objects []json.RawMessage) (*ready, error) {
	if o.Bundle != "" {
		return openBundle(ctx, o.Bundle, syntheticGrants(objects))
	}
	return o.openTemplates(ctx, objects)
}

// openTemplates has Gatekeeper load the files once, so that what is wrong with them is known before
// anything else is done.
func (o *Options) openTemplates(ctx context.Context, objects []json.RawMessage) (*ready, error) {
	g, err := StartGatekeeper(ctx, o.Gatekeeper)
	if err != nil {
		return nil, err
	}
	notes, err := g.Load(o.Templates, objects, "templates and constraints")
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	if err := g.Close(); err != nil {
		return nil, err
	}
	texts, err := templateTexts(o.Templates)
	if err != nil {
		return nil, err
	}
	r := &ready{RuleSet: RuleSet{
		Engine: "Gatekeeper " + g.Greeting.Version, Phases: []Phase{Validate}, Compared: Decisions,
		Notes: append([]string{noteUnchanged}, notes...),
	}}
	r.own(texts)
	switch {
	case g.mutators > 0 && r.Compared == Messages:
		r.withMutators()
	case g.mutators > 0:
		r.Notes = append(r.Notes, fmt.Sprintf("%d mutators are left aside: those of psp2rego alone are asked", g.mutators))
	}
	r.strangers = !mention(texts, "userInfo") || mention(texts, "inventory")
	r.noteStrangers("the templates read userInfo, and not data.inventory")
	return r, nil
}

func (r *ready) noteStrangers(why string) {
	if !r.strangers {
		r.Notes = append(r.Notes, PassSynthetic+" are left out: "+why+", so that they cannot know them")
	}
}

// examine asks the rules what the evaluator answered to the request sent, and compares. The process is
// the caller's own, and nil unless the rules are Gatekeeper's.
func (r *ready) examine(
	ctx context.Context, g *Gatekeeper, sent *protocol.Request, answer *protocol.Answer, thorough bool,
) (outcome, error) {
	if r.opa != nil {
		return examine(ctx, r.opa, sent, answer, thorough)
	}
	if r.Compared == Messages {
		return r.worded(ctx, g, sent, answer)
	}
	return decisions(ctx, r.asked(g), r.Phases, sent, answer)
}

// load gives the cluster's objects to the caller's process, which is started where there is none. Rules that need no
// process, which those of a cluster that was translated are, give back what they got.
func (r *ready) load(
	ctx context.Context, o *Options, g *Gatekeeper, objects []json.RawMessage, what string,
) (*Gatekeeper, error) {
	if r == nil || r.opa != nil || r.engine != nil {
		return g, nil
	}
	if g == nil {
		var err error
		if g, err = StartGatekeeper(ctx, o.Gatekeeper); err != nil {
			return nil, err
		}
	}
	if r.text != nil {
		return g, g.loadText(r.text, objects, what)
	}
	_, err := g.Load(o.Templates, objects, what)
	return g, err
}

// asked is the engine to ask.
func (r *ready) asked(g *Gatekeeper) Engine {
	if r.engine != nil {
		return r.engine
	}
	return g
}

// skips says whether the request is left out, because rules of any making cannot be blamed for it: one that their webhook
// is not sent. That is sent pods that are created or updated and, by Gatekeeper's stock configuration,
// ephemeral containers. The objects of other resources are no real ones here.
func (r *ready) skips(request *protocol.Request) bool {
	if r == nil || r.Compared != Decisions {
		return false
	}
	sent := request.SubResource == "" || request.SubResource == "ephemeralcontainers" && r.engine == nil
	return !sent || request.Kind != protocol.PodKind() || request.Resource != protocol.Pods() ||
		request.Operation != "CREATE" && request.Operation != "UPDATE"
}

// group makes the cases of one group. Of those of synthetic requesters, every other group is crossed for a given rule
// set.
func (r *ready) group(p *pass, cluster *cases.Cluster, settings cases.Settings, seed uint64, group int) []cases.Case {
	if r != nil && p.name == PassSynthetic && group%2 == 1 {
		return cluster.Crossed(settings, seed, group)
	}
	return cluster.Group(settings, seed, group)
}
