// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

// Messages: whether the request is allowed, and the words of a refusal. It is for templates of psp2rego, which are told by the package
// of their grants: Gatekeeper's validation names no policy, and changes no pod.
const Messages Strictness = "messages"

// ownGrants is in every template that psp2rego wrote, and in no other.
const ownGrants = "package lib.psp.grants"

const (
	noteUnchanged = "Gatekeeper's validation never changes a pod: it is asked about pods with the defaults that native fills in"
	noteLive      = "roles and bindings are read from data.inventory"
	noteOwn       = "the templates are psp2rego's"
)

var targetLine = regexp.MustCompile(`(?m)^\s*minor := ([0-9]+)$`)

// templateServer is the API server that a template of psp2rego is for; native, where it does not say.
func templateServer(texts [][]byte) server.Version {
	for _, text := range texts {
		if found := targetLine.FindSubmatch(text); found != nil {
			if minor, err := strconv.Atoi(string(found[1])); err == nil {
				return server.Version(minor)
			}
		}
	}
	return server.Native
}

// constraints translates the objects to a template and a constraint. Each process that runs them is given the text.
func (o *Options) constraints(ctx context.Context, objects []json.RawMessage, dialect string) (*ready, error) {
	text, err := o.Translate(ctx, objects, dialect)
	if err != nil {
		return nil, err
	}
	r := &ready{
		RuleSet: RuleSet{Phases: []Phase{Validate}, Compared: Messages}, text: text, server: templateServer([][]byte{text}),
	}
	if bytes.Contains(text, []byte(ownMutators)) {
		r.withMutators()
	}
	return r, nil
}

// constraintSet is what a report says of rule sets that are translated for Gatekeeper, of these passes. Some generated clusters have mutators.
func (o *Options) constraintSet(ctx context.Context, passes []*pass) (*RuleSet, error) {
	g, err := StartGatekeeper(ctx, o.Gatekeeper)
	if err != nil {
		return nil, err
	}
	notes := []string{noteUnchanged}
	if o.LiveRBAC {
		notes = append(notes, noteLive)
	}
	set := &RuleSet{
		Engine: "Gatekeeper " + g.Greeting.Version, Phases: []Phase{Validate}, Compared: Messages, Notes: notes,
	}
	if slices.ContainsFunc(passes, func(p *pass) bool {
		return p.given == nil || p.given.ready != nil && len(p.given.ready.Phases) > 1
	}) {
		set.withMutators()
	}
	return set, g.Close()
}

// loadText gives the process a rule set that is in no file.
func (g *Gatekeeper) loadText(text []byte, objects []json.RawMessage, what string) (err error) {
	dir, err := os.MkdirTemp("", "psp2rego-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	_, err = g.Load([]string{path}, objects, what)
	if refused := (*protocol.Error)(nil); errors.As(err, &refused) { // which says the same wherever the file is
		refused.Message = strings.ReplaceAll(refused.Message, dir+string(filepath.Separator), "")
		err = refused
	}
	return err
}

// worded asks a template of psp2rego, and compares decision and message.
func (r *ready) worded(ctx context.Context, g *Gatekeeper, sent *protocol.Request, answer *protocol.Answer) (outcome, error) {
	o := outcome{prepared: answer.Request, native: map[Phase]*Verdict{}, ours: map[Phase]*Verdict{}}
	if answer.Created != nil {
		o.apiErrors = answer.Created.Errors
	}
	for phase, verdict := range map[Phase]*protocol.Verdict{Mutate: answer.Admit, Validate: answer.Validate} {
		var err error
		if o.native[phase], err = nativeVerdict(verdict); err != nil {
			return o, err
		}
	}
	if err := o.notePatch(); err != nil {
		return o, err
	}
	asked, err := askedBy(r.server, answer.Request)
	if err != nil {
		return o, err
	}
	created, err := o.fillIn(ctx, r.server, g, asked)
	if err == nil && created == nil {
		created, err = createdBy(r.server, answer, asked, nil)
	}
	if err != nil {
		return o, err
	}
	if err := o.word(ctx, g, created); err != nil {
		return o, err
	}
	o.sortOut(sent)
	return o, nil
}

// floatingNumbers is a difference between native and everything that runs in Gatekeeper. Its predicate reads what Gatekeeper is asked.
func floatingNumbers() Known {
	return Known{
		ID:       "gatekeeper_floating_numbers",
		Upstream: "frameworks/constraint, pkg/client/drivers/rego/driver.go (Query: the review goes through JSON and float64), Gatekeeper v3.23.1",
		Reason: "Gatekeeper decodes numbers as floating point, so that integers above 2^53 lose digits before any template sees them. " +
			"No API server stores a pod with such an id or port",
		Matches: func(request *protocol.Request) bool {
			return loseDigits(request.Object) || loseDigits(request.OldObject)
		},
	}
}

// ownRequests is another one: Gatekeeper's webhook never refuses Gatekeeper.
func ownRequests() Known {
	const namespace, account = "gatekeeper-system", "system:serviceaccount:gatekeeper-system:gatekeeper-admin"
	return Known{
		ID:       "gatekeeper_exempts_itself",
		Upstream: "deploy/gatekeeper.yaml (namespaceSelector), pkg/webhook/common.go (isGkServiceAccount), Gatekeeper v3.23.1",
		Reason: "the stock webhook is not sent what happens in the namespace gatekeeper-system, and lets through what Gatekeeper's own " +
			"service account asks for",
		Matches: func(request *protocol.Request) bool {
			return request.Namespace == namespace || request.UserInfo.Username == account
		},
	}
}

// validationDifferences are known in Gatekeeper's validation alone.
func validationDifferences() []Known { return []Known{floatingNumbers(), ownRequests()} }

// gatekeeperDifferences are all that are known in Gatekeeper alone.
func gatekeeperDifferences() []Known { return append(validationDifferences(), noContainers()) }

// loseDigits says whether a document has integers that floating point does not hold.
func loseDigits(data json.RawMessage) bool {
	if len(data) == 0 {
		return false
	}
	document, err := decode(data)
	return err == nil && slices.ContainsFunc(leaves(document, nil), func(l leaf) bool {
		number, ok := l.value.(json.Number)
		if !ok {
			return false
		}
		n, err := number.Int64()
		return err == nil && (n > 1<<53 || n < -1<<53)
	})
}

// word asks a template of psp2rego about one request, of which native's verdict is known.
func (o *outcome) word(ctx context.Context, g *Gatekeeper, request *protocol.Request) error {
	ours, err := g.Evaluate(ctx, Validate, request)
	if err != nil {
		return err
	}
	o.ours[Validate] = ours
	native := o.native[Validate]
	class, detail, err := decided(Validate, native, ours, request.Object)
	if err == nil && class == "" && !native.Allowed {
		class, detail = wordings(native.Message, ours)
	}
	if class == "" {
		return err
	}
	o.take(request, &Difference{Phase: Validate, Class: class, Detail: detail}, validationDifferences()...)
	return err
}

// wordings compares messages, and makes sure that the details of the violation tell what the message is made of.
func wordings(native string, ours *Verdict) (Class, string) {
	_, said, ok := strings.Cut(ours.Message, "] ")
	if !ok || !strings.HasPrefix(ours.Message, "[") {
		return Message, "the refusal does not name its constraint"
	}
	class, detail := message(native, said, ours.blocks, func() (*Explanation, error) { return &Explanation{}, nil })
	if class == "" && strings.Contains(said, "[") && !joins(said, ours.blocks) {
		return Message, "the message is not what the violation's details say"
	}
	return class, detail
}

// detailedBlocks are the parts of a refusal, one per policy, that a violation of one of our own templates tells as details.
func detailedBlocks(details json.RawMessage) []string {
	read := struct{ Refused map[string][]string }{}
	if json.Unmarshal(details, &read) != nil {
		return nil
	}
	var texts []string
	for _, lines := range read.Refused {
		if len(lines) > 0 {
			texts = append(texts, strings.Join(lines, " "))
		}
	}
	return texts
}

// own says that the files hold a template of psp2rego, and judges it accordingly.
func (r *ready) own(texts [][]byte) {
	if !mention(texts, ownGrants) {
		return
	}
	r.Compared, r.server = Messages, templateServer(texts)
	r.Notes = append(r.Notes, noteOwn)
}
