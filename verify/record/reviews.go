// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"psp2rego/verify"
	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// Review is an AdmissionReview for a webhook that validates, with native's answer to it.
type Review struct {
	// Policy is the policy whose requester asks; empty for those that are about who may use which policy.
	Policy string
	// Name is the only one of the policy, and a file's name. Comment says more; empty is nothing more.
	Name, Comment string
	// Body is the AdmissionReview.
	Body json.RawMessage
	// Allowed and Message are the answer. Violations are the texts, one per policy and in any order, that Message tells in brackets at its end, which
	// it is without here; nil if it has no brackets.
	Allowed    bool
	Message    string
	Violations []string
}

// Reviewed is what Reviews recorded. It is a function of the options.
type Reviewed struct {
	// Policies are those of the bundle, by name. Those that nobody may use, and those of ids beyond 2^53, have no cases; only Usable, Cases, Wanted and
	// Undecided are set.
	Policies []Policy
	// Reviews are in the order of the policies, and those about requesters follow.
	Reviews []Review
}

// Reviews records requests of those to whom the cluster itself grants the policies, for what has to be asked with the grants as they are. A pod that native
// would admit with defaults is there as it was sent, which is refused, and with the defaults. Numbers that Gatekeeper loses digits of are not. The
// bundle agrees with native about each of them. An error means that there are none.
func Reviews(ctx context.Context, o Options) (*Reviewed, error) {
	r, err := newRecorder(o)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if r.opa, err = verify.LoadBundle(ctx, r.Bundle); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	found := make([][]Review, len(r.result.Policies))
	err = r.each(ctx, r.given, func(ctx context.Context, native *verify.Native, i int) (err error) {
		found[i], err = r.reviewsOf(ctx, native, &r.result.Policies[i])
		return err
	})
	if err == nil {
		var about []Review
		about, err = r.reviewsOfRequesters(ctx)
		found = append(found, about)
	}
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return &Reviewed{r.result.Policies, slices.Concat(found...)}, nil
}

// reviewsOf records those of one policy.
func (r *recorder) reviewsOf(ctx context.Context, native *verify.Native, p *Policy) ([]Review, error) {
	sheet := r.synthetic.Sheet(cases.Defaults(), seed, p.Name, rounds)
	who, err := r.loneliest(ctx, p.Name, sheet[0].Request)
	if err != nil || who == nil {
		return nil, err
	}
	s, err := r.subject(ctx, p.Name)
	if err != nil {
		return nil, err
	}
	var all []candidate
	var plain *judged
	for _, specimen := range sheet {
		request := *specimen.Request
		request.UserInfo, request.Namespace = who.UserInfo, who.Namespace
		j, err := r.judge(ctx, native, &request)
		switch {
		case errors.Is(err, errNotTaken) && plain != nil:
			continue
		case err != nil:
			return nil, err
		case j == nil && plain == nil: // Gatekeeper would see another pod, with which there is nothing to compare
			return nil, nil
		case j == nil:
			continue
		}
		if err := j.describe(ctx, s, specimen, plain); err != nil {
			return nil, err
		}
		if plain == nil {
			plain = j
		}
		all = append(all, j.candidates()...)
		if !s.usable {
			break
		}
	}
	p.Usable = s.usable
	var checks []string
	if s.usable {
		checks = r.checks(p.Name)
	}
	return written(p.Name, choose(all, r.Cases, checks, p), p)
}

// mostRequesters bounds how many are looked at.
const mostRequesters = 64

// loneliest is the one of those who may use a policy who may use fewest others; nil if nobody may.
func (r *recorder) loneliest(ctx context.Context, policy string, plain *protocol.Request) (*cases.Requester, error) {
	var best *cases.Requester
	fewest := 0
	all := r.given.Requesters(policy)
	for _, who := range all[:min(len(all), mostRequesters)] {
		request := *plain
		request.UserInfo, request.Namespace = who.UserInfo, who.Namespace
		said, err := r.opa.Explain(ctx, &request)
		if err != nil {
			return nil, err
		}
		count := 0
		for _, p := range said.Policies {
			if p.Authorized {
				count++
			}
		}
		if said.Policies[policy].Authorized && (best == nil || count < fewest) {
			best, fewest = &who, count
		}
	}
	return best, nil
}

// judged is a request with native's answers in its second phase: about the pod as it would be stored, or as it was sent if that is refused in the first phase,
// and, if native would fill in something, about the pod as it was sent.
type judged struct {
	final, lacking *candidate
	admitted       *verify.Verdict
}

func (j *judged) candidates() []candidate {
	if j.lacking == nil {
		return []candidate{*j.final}
	}
	return []candidate{*j.final, *j.lacking}
}

// judge is nil if Gatekeeper would not see the request, or the pod with its defaults, as it is. The error is errNotTaken if the evaluator does not take the request.
func (r *recorder) judge(ctx context.Context, native *verify.Native, request *protocol.Request) (*judged, error) {
	c, err := ask(ctx, native, r.opa, request, false)
	switch {
	case err == nil && c == nil:
		return nil, errNotTaken
	case err != nil || verify.LosesDigits(c.asked):
		return nil, err
	}
	j := &judged{admitted: c.mutate}
	if request.Operation != "CREATE" {
		j.final, err = r.validated(ctx, native, c.request, c.asked)
		return j, err
	}
	ours, err := r.opa.Evaluate(ctx, verify.Mutate, c.asked)
	if err != nil {
		return nil, err
	}
	if err := differs(r.opa, verify.Mutate, c.mutate, ours); err != nil {
		return nil, err
	}
	if !c.mutate.Allowed || len(c.mutate.Object) == 0 {
		j.final, err = r.validated(ctx, native, c.request, c.asked)
		return j, err
	}
	stored := *c.request
	stored.Object = c.mutate.Object
	created, err := r.opa.Created(c.asked, ours)
	if err != nil || verify.LosesDigits(created) {
		return nil, err
	}
	if j.final, err = r.validated(ctx, native, &stored, created); err != nil {
		return nil, err
	}
	sent, err := r.validated(ctx, native, c.request, c.asked)
	if err == nil && sent.validate.Allowed != j.final.validate.Allowed {
		j.lacking = sent
	}
	return j, err
}

// validated asks native and the bundle about a pod as it stands.
func (r *recorder) validated(ctx context.Context, native *verify.Native, request, asked *protocol.Request) (*candidate, error) {
	stored, err := r.opa.AskedOfNative(verify.Validate, request)
	if err != nil {
		return nil, err
	}
	theirs, err := native.Evaluate(ctx, verify.Validate, stored)
	if err != nil {
		return nil, err
	}
	ours, err := r.opa.Evaluate(ctx, verify.Validate, asked)
	if err != nil {
		return nil, err
	}
	c := &candidate{request: request, asked: asked, validate: ours, validateBlocks: ours.Blocks()}
	return c, differs(r.opa, verify.Validate, theirs, ours)
}

// differs is an error if the bundle answers otherwise than native.
func differs(opa *verify.OPA, phase verify.Phase, native, ours *verify.Verdict) error {
	d, err := opa.Compare(phase, native, ours, &verify.Explanation{})
	if err == nil && d != nil {
		err = fmt.Errorf("the bundle differs from native, so there is nothing to record: %s, %s: %s; verify shows more", d.Phase, d.Class, d.Detail)
	}
	return err
}

// describe fills in what the answers show of the policy. plain is the plain pod; nil if it is this one.
func (j *judged) describe(ctx context.Context, s *subject, specimen cases.Specimen, plain *judged) error {
	name := specimen.Check
	switch {
	case plain == nil:
		name = "plain"
	case name == "":
		name = "pod"
	}
	j.final.name = about(name, j.final.validate)
	if j.lacking != nil {
		j.lacking.name = name + "_lacks_defaults"
	}
	for _, c := range []*candidate{j.final, j.lacking} {
		if c == nil {
			continue
		}
		var err error
		if c.goals[lines], c.goals[faults], err = s.look(ctx, c.asked); err != nil {
			return err
		}
	}
	if j.lacking != nil {
		j.lacking.goals[decisions] = []string{"defaults"}
	}
	if plain == nil || !specimen.Single {
		return nil
	}
	switch {
	case j.final.validate.Allowed != plain.final.validate.Allowed, j.lacking == nil && plain.lacking != nil:
		j.final.goals[decisions] = []string{specimen.Check}
	case j.lacking != nil && plain.lacking == nil:
		j.lacking.goals[decisions] = append(j.lacking.goals[decisions], specimen.Check)
	}
	return nil
}

// reviewsOfRequesters records who may use which policy.
func (r *recorder) reviewsOfRequesters(ctx context.Context) (reviews []Review, err error) {
	native, err := r.start(ctx, r.given)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, native.Close()) }()
	var all []candidate
	for group := range requesterGroups {
		for _, made := range r.given.Group(cases.Defaults(), seed, group) {
			if !ofPods(made.Request) {
				continue
			}
			j, err := r.judge(ctx, native, made.Request)
			if errors.Is(err, errNotTaken) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("requesters of the input: %w", err)
			}
			if j == nil {
				continue
			}
			c := j.final
			c.ofRequester(c.validate)
			all = append(all, *c)
		}
	}
	return written("", choose(all, r.Cases, nil, &Policy{}), &Policy{})
}

// written are the chosen ones as they are written down. Lines and faults, by which some were chosen, are not counted: who may use another policy, too, need
// not show them.
func written(policy string, chosen []*candidate, p *Policy) ([]Review, error) {
	p.Told, p.Faults = 0, 0
	reviews := make([]Review, len(chosen))
	for i, c := range chosen {
		review, err := reviewOf(c.asked)
		if err != nil {
			return nil, err
		}
		for _, key := range []string{"object", "oldObject"} { // an API server says of each what it is
			if object, ok := review["request"].(map[string]any)[key].(map[string]any); ok {
				object["apiVersion"], object["kind"] = "v1", "Pod"
			}
		}
		w := Review{Policy: policy, Name: c.name, Comment: c.comment, Allowed: c.validate.Allowed, Message: c.validate.Message}
		if w.Body, err = json.Marshal(review); err != nil {
			return nil, err
		}
		if head, _, list := strings.Cut(w.Message, ": ["); list {
			w.Message, w.Violations = head, append([]string{}, slices.Sorted(slices.Values(c.validateBlocks))...)
		}
		reviews[i] = w
	}
	return reviews, nil
}
