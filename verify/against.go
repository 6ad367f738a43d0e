// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"psp2rego/verify/cases"
	"psp2rego/verify/live"
	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

// judgesCluster says whether it is a live API server that is judged, by what native says. One that still has the admission plugin is
// native itself instead, and what is judged is the bundle.
func (o *Options) judgesCluster() bool { return o.Live != nil && !o.Live.Native }

// fixed says whether the objects are those of rules, or of a cluster, that cannot be made again of others.
func (o *Options) fixed() bool { return o.given() || o.Live != nil }

// decidedByObjects is what the side says that is asked with the objects at hand: native, unless that is a live cluster with objects of its own.
func (o *Options) decidedByObjects(j *Judgement) *Recorded {
	if o.Live != nil && o.Live.Native {
		return j.Ours
	}
	return j.Native
}

// checkLive refuses what cannot be asked of a live API server.
func (o *Options) checkLive() error {
	switch {
	case o.Live == nil:
		return nil
	case o.Generate:
		return errors.New("verify: the policies of a live API server are its own, and cannot be generated")
	case o.Constraints || len(o.Templates) > 0:
		return errors.New("verify: a live API server is compared with bundles, not with templates of Gatekeeper: those belong into its cluster")
	case o.judgesCluster() && o.Bundle != "":
		return fmt.Errorf("verify: the API server (%s) has no PodSecurityPolicies, so that it is judged itself, and no bundle beside it", o.Live)
	}
	return nil
}

// creations are the settings that make nothing but creations of pods: an update of a stored pod cannot be tried without storing one.
func creations(settings cases.Settings) cases.Settings {
	settings.Updates, settings.Others = 0, 0
	return settings
}

// nativeName is the version of what decides, where the evaluator is of the given version.
func (o *Options) nativeName(evaluator string) string {
	if o.Live != nil && o.Live.Native {
		return o.Live.Version
	}
	return evaluator
}

// clusterOf says which API server was asked, and as what.
func (o *Options) clusterOf() *ClusterSet {
	if o.Live == nil {
		return nil
	}
	return &ClusterSet{Server: o.Live.String(), Judged: o.judgesCluster(), Command: o.LiveCommand}
}

// clusterAsked tells runs on one API server from those on another, or with other namespaces that are exempt.
func (o *Options) clusterAsked() string {
	if o.Live == nil {
		return ""
	}
	return strings.Join(append([]string{o.Live.String()}, o.Live.Exempted()...), " ")
}

// ClusterSet is the API server that was asked by dry runs.
type ClusterSet struct {
	// Server is its version and address.
	Server string `json:"server"`
	// Judged says that it was compared with native; else it is native, and a bundle was compared with it.
	Judged bool `json:"judged"`
	// Command are the words that lead a command to the server again.
	Command []string `json:"command,omitempty"`
}

// fitting are the cases as a live API server, if there is one, can be asked them. Those that it cannot be asked stay as they are; try discards them.
func (o *Options) fitting(made []cases.Case, dialect string) []cases.Case {
	if o.Live == nil {
		return made
	}
	for i := range made {
		if fit, reason := live.Fit(made[i].Request, dialect == cases.MKE); reason == "" {
			made[i].Request = fit
		}
	}
	return made
}

// try asks the live API server what becomes of the request that the evaluator answered to, and compares: native's place is taken by
// a server with the admission plugin, and the bundle's by one without it. discarded is why the case says nothing.
func (o *Options) try(
	ctx context.Context, opa *OPA, sent *protocol.Request, answer *protocol.Answer, dialect string, thorough bool,
) (found outcome, discarded string, err error) {
	if _, reason := live.Fit(sent, dialect == cases.MKE); reason != "" {
		return outcome{}, reason, nil
	}
	asked, err := opa.Asked(answer.Request)
	if err != nil {
		return outcome{}, "", err
	}
	request := asked
	if o.Live.Native {
		request = answer.Request
	}
	said, err := o.Live.Create(ctx, request)
	if err != nil {
		return outcome{}, "", err
	}
	if said.Missing != "" {
		return outcome{}, said.Missing, nil
	}
	t := tried{
		outcome: outcome{thorough: thorough, prepared: asked, native: map[Phase]*Verdict{}, ours: map[Phase]*Verdict{}},
		opa:     opa, answer: answer, said: said, sent: request.Object,
	}
	if strings.HasPrefix(said.Later, live.ByValidation) {
		t.apiErrors = []string{said.Later}
	}
	if o.Live.Native {
		err = t.bundle(ctx)
	} else {
		discarded, err = t.cluster(ctx)
	}
	t.sortOut(sent)
	return t.outcome, discarded, err
}

// tried is a case that was put to a live API server.
type tried struct {
	outcome
	opa    *OPA
	answer *protocol.Answer
	said   *live.Answer
	sent   json.RawMessage
}

// mutating and validating are what the server said in each phase. What it did not get to, or does not tell, is nil.
func (t *tried) mutating() *Verdict {
	switch {
	case t.said.Allowed && t.said.Later != "", t.said.InValidation:
		return &Verdict{Handled: true, Allowed: true, partial: true}
	case t.said.Allowed:
		return &Verdict{
			Handled: true, Allowed: true, Policy: t.said.Policy, Audit: map[string]string{Mutate.auditKey(): t.said.Policy},
			Object: t.said.Pod, sent: t.sent,
		}
	}
	return &Verdict{Handled: true, Message: t.said.Message}
}

func (t *tried) validating() *Verdict {
	switch {
	case t.said.InValidation:
		return &Verdict{Handled: true, Message: t.said.Message}
	case t.said.Allowed && t.said.Later == "":
		return &Verdict{Handled: true, Allowed: true, partial: true}
	}
	return nil
}

// bundle compares the bundle with the server, whose admission plugin has spoken.
func (t *tried) bundle(ctx context.Context) error {
	old, err := astValue(t.prepared.OldObject)
	if err != nil {
		return err
	}
	if err := t.phase(ctx, t.opa, Mutate, t.mutating(), t.prepared, old); err != nil {
		return err
	}
	native := t.validating()
	if native == nil {
		return nil
	}
	created, err := createdBy(t.opa.server, t.answer, t.prepared, t.ours[Mutate])
	if err != nil {
		return err
	}
	return t.phase(ctx, t.opa, Validate, native, created, old)
}

// cluster compares the server with native.
func (t *tried) cluster(ctx context.Context) (discarded string, err error) {
	native, err := nativeVerdict(t.answer.Admit)
	if err != nil {
		return "", err
	}
	if len(t.apiErrors) > 0 && !native.Allowed { // a server whose webhooks only validate asks them after that
		return "API validation refuses the pod, perhaps before policies are asked", nil
	}
	t.native[Mutate] = native
	if err := t.notePatch(); err != nil {
		return "", err
	}
	ours := t.mutating()
	if t.said.InValidation && !native.Allowed { // a creation is one question to it
		ours = &Verdict{Handled: true, Message: t.said.Message}
	}
	if err := t.against(ctx, Mutate, native, ours, t.prepared); err != nil {
		return "", err
	}
	ours = t.validating()
	if ours == nil && t.said.Later != "" && len(t.apiErrors) == 0 { // a quota, or a pod of that name: all webhooks had let it in
		ours = &Verdict{Handled: true, Allowed: true, partial: true}
	}
	if ours == nil || !native.Allowed {
		return "", nil
	}
	if native, err = validation(t.opa.server, t.answer, t.prepared); err != nil {
		return "", err
	}
	created, err := createdBy(t.opa.server, t.answer, t.prepared, nil)
	if err != nil {
		return "", err
	}
	return "", t.against(ctx, Validate, native, ours, created)
}

// against compares one phase. The bundle explains native's words, which come in any order.
func (t *tried) against(ctx context.Context, phase Phase, native, ours *Verdict, request *protocol.Request) error {
	input, err := reviewInput(request)
	if err != nil {
		return err
	}
	if phase == Mutate {
		if err := t.opa.effective(native, ours); err != nil {
			return err
		}
	}
	t.native[phase], t.ours[phase] = native, ours
	d := compare(phase, native, ours, func() (*Explanation, error) { return t.opa.explained(ctx, input) })
	if d != nil {
		d.Detail = ofCluster(d.Detail)
		t.differences = append(t.differences, d)
	}
	return nil
}

// ofCluster has compare's words speak of the cluster; names and paths in them stay.
func ofCluster(detail string) string {
	return strings.NewReplacer("the bundle", "the cluster", "(bundle", "(cluster").Replace(detail)
}

// stored fills in what the pods of both mutating verdicts come to, where one is what a live API server would store: it went through the pod strategy, and through
// other admission plugins.
func (o *OPA) stored(native, ours *Verdict) error {
	sent := native.sent
	if sent == nil {
		sent = ours.sent
	}
	for _, side := range []struct {
		verdict *Verdict
		server  server.Version
	}{{native, server.Native}, {ours, o.server}} {
		if len(side.verdict.Object) == 0 {
			continue
		}
		object, err := side.verdict.Object, error(nil)
		if side.verdict.sent == nil {
			object, err = side.server.Create(object)
		}
		if err == nil {
			object, err = live.Comparable(object, sent)
		}
		if err == nil {
			side.verdict.effective, err = server.Effective(object)
		}
		if err != nil {
			return fmt.Errorf("pod after the mutating phase: %w", err)
		}
	}
	return nil
}
