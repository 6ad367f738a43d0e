// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

const noteMutators = "where mutators are for a pod, the pod that they leave is compared, but for the annotation " + policyAnnotation +
	", which stays as it was sent; and validation is asked about that pod"

// ownMutators are in every file with a mutator.
const ownMutators = "apiVersion: mutations.gatekeeper.sh/"

// withMutators says of a rule set of psp2rego that mutators are part of it.
func (s *RuleSet) withMutators() {
	s.Phases, s.Notes = []Phase{Mutate, Validate}, append(s.Notes, noteMutators)
}

// FillIn asks the mutators for the pod that they leave; nil if none is for it. Mutators know the kind alone, and an API server has pods under one
// resource alone: requests with pods for another are not put to them.
func (g *Gatekeeper) FillIn(_ context.Context, request *protocol.Request) (*Verdict, error) {
	if g.mutators == 0 || request.Resource != protocol.Pods() {
		return nil, nil
	}
	answer, err := g.Ask(protocol.Line{Op: protocol.OpMutate, Request: request}, string(Mutate))
	switch {
	case err != nil:
		return nil, err
	case answer.Error != nil:
		return nil, fmt.Errorf("%s: %s: %w", g.name, Mutate, answer.Error)
	case answer.Mutate == nil:
		return nil, fmt.Errorf("%s: %s: answer without a verdict", g.name, Mutate)
	case !answer.Mutate.Handled:
		return nil, nil
	case answer.Mutate.Allowed && len(answer.Mutate.Object) == 0:
		return nil, fmt.Errorf("%s: %s: answer without a pod", g.name, Mutate)
	}
	return &Verdict{Handled: true, Allowed: answer.Mutate.Allowed, Message: answer.Mutate.Message, Object: answer.Mutate.Object}, nil
}

// fillIn has the mutators, if some are for the pod, fill it in, and compares what they leave with what native leaves. It gives the
// request as validation is asked it then; nil where there are no mutators for the pod, or native refuses it. Whoever writes mutators for a pod
// claims that they do everything that native's first phase does; so if that refuses, validation has to.
func (o *outcome) fillIn(ctx context.Context, version server.Version, g *Gatekeeper, asked *protocol.Request) (*protocol.Request, error) {
	ours, err := g.FillIn(ctx, asked)
	if err != nil || ours == nil {
		return nil, err
	}
	o.ours[Mutate] = ours
	native := o.native[Mutate]
	switch {
	case !native.Handled:
		o.take(asked, mutates(Mutation, "native leaves the request alone, and mutators are for it"))
		return nil, nil
	case !ours.Allowed && native.Allowed:
		o.take(asked, mutates(FailClosed, "native allows, the mutators fail: "+ours.Message), noContainers())
		return nil, nil
	case !ours.Allowed:
		return nil, nil
	case !native.Allowed:
		return nil, o.stillRefused(ctx, g, asked, ours)
	}
	expected := *native
	if expected.Object, err = noted(native.Object, asked.Object); err != nil {
		return nil, err
	}
	if err := stored(version, &expected, ours); err != nil {
		return nil, err
	}
	class, detail := difference(&Verdict{Allowed: true, Object: expected.Object, effective: expected.effective},
		&Verdict{Allowed: true, Object: ours.Object, effective: ours.effective}, nil)
	if class != "" {
		o.take(asked, mutates(class, detail))
	}
	created := *asked
	created.Object, err = create(version, ours.Object)
	return &created, err
}

// stillRefused makes sure that the constraint refuses what the mutators make of a pod that native's first phase refuses.
func (o *outcome) stillRefused(ctx context.Context, g *Gatekeeper, asked *protocol.Request, filledIn *Verdict) error {
	request := *asked
	request.Object = filledIn.Object
	verdict, err := g.Evaluate(ctx, Validate, &request)
	if err != nil {
		return err
	}
	o.ours[Mutate] = &Verdict{Handled: true, Allowed: verdict.Allowed, Message: verdict.Message, Object: filledIn.Object}
	if verdict.Allowed {
		o.take(asked, mutates(FailOpen, "native's first phase refuses, and validation allows what the mutators leave"), validationDifferences()...)
	}
	return nil
}

func mutates(class Class, detail string) *Difference {
	return &Difference{Phase: Mutate, Class: class, Detail: detail}
}

// take notes a difference between native and Gatekeeper, which may be one that is known.
func (o *outcome) take(request *protocol.Request, found *Difference, all ...Known) {
	for _, known := range all {
		if known.Matches(request) {
			o.known, o.excused = known.ID, append(o.excused, found)
			return
		}
	}
	o.differences = append(o.differences, found)
}

// noContainers is a difference between native and mutators. Its predicate reads what they are asked.
func noContainers() Known {
	return Known{
		ID:       "gatekeeper_pods_without_containers",
		Upstream: "pkg/mutation/mutators/core/mutation_function.go (mutateInternal: a null list is an error), Gatekeeper v3.23.1",
		Reason:   "mutators of containers fail where the list is null, which it is in a pod that names none. API validation refuses every such pod",
		Matches: func(request *protocol.Request) bool {
			pod := struct {
				Spec struct{ Containers []json.RawMessage }
			}{}
			return json.Unmarshal(request.Object, &pod) == nil && pod.Spec.Containers == nil
		},
	}
}

// create is what the API server's strategy makes of a pod that admission let through.
func create(version server.Version, pod json.RawMessage) (json.RawMessage, error) {
	created, err := version.Create(pod)
	if err != nil || version.Newer() {
		return created, err
	}
	return server.Stored24(created)
}

// stored fills in the form in which both pods are compared: what API servers make of them, where they make something else of
// them than they were given.
func stored(version server.Version, native, ours *Verdict) (err error) {
	if version.Newer() {
		return effective(version, native, ours)
	}
	if native.effective, err = create(version, native.Object); err != nil {
		return err
	}
	ours.effective, err = create(version, ours.Object)
	return err
}

// noted is the pod that native leaves with the annotation in which native notes the policy as it was sent: no decision on creation
// depends on it, and a mutator could neither replace it nor leave updates alone.
func noted(native, sent json.RawMessage) (json.RawMessage, error) {
	type annotated struct {
		Metadata struct{ Annotations map[string]string }
	}
	before, after := annotated{}, map[string]any{}
	if err := json.Unmarshal(sent, &before); err != nil {
		return nil, fmt.Errorf("object: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(native))
	decoder.UseNumber()
	if err := decoder.Decode(&after); err != nil {
		return nil, fmt.Errorf("pod after the mutating phase: %w", err)
	}
	metadata, _ := after["metadata"].(map[string]any)
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		return nil, errors.New("pod after the mutating phase: no annotations")
	}
	value, sentOne := before.Metadata.Annotations[policyAnnotation]
	switch {
	case sentOne:
		annotations[policyAnnotation] = value
	default:
		delete(annotations, policyAnnotation)
	}
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	return json.Marshal(after)
}
