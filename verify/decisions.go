// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"psp2rego/verify/protocol"
)

// Strictness says how much of two verdicts is compared.
type Strictness string

const (
	// Everything: decision, policy, pod, message, audit annotations. It is for bundles of psp2rego,
	// which speak as native does. They are told by data.psp.explain, or by their grants.
	Everything Strictness = "everything"
	// Decisions: whether the request is allowed, and the pod that comes of it, but for the annotation
	// in which native notes the policy. It is for rules of any other making: they have words of their
	// own, and no policy to name.
	Decisions Strictness = "decisions"
)

// policyAnnotation is where native notes the policy that it chose.
const policyAnnotation = "kubernetes.io/psp"

// decisions asks the engine the phases it has an answer to, and compares decisions and pods alone.
func decisions(
	ctx context.Context, engine Engine, phases []Phase, sent *protocol.Request, answer *protocol.Answer,
) (outcome, error) {
	o := outcome{prepared: answer.Request, native: map[Phase]*Verdict{}, ours: map[Phase]*Verdict{}}
	created := *answer.Request
	if answer.Created != nil {
		o.apiErrors = answer.Created.Errors
		if len(answer.Created.Object) > 0 {
			created.Object = answer.Created.Object
		}
	}
	requests := map[Phase]*protocol.Request{Mutate: answer.Request, Validate: &created}
	for phase, verdict := range map[Phase]*protocol.Verdict{Mutate: answer.Admit, Validate: answer.Validate} {
		var err error
		if o.native[phase], err = nativeVerdict(verdict); err != nil {
			return o, err
		}
	}
	if err := o.notePatch(); err != nil {
		return o, err
	}
	for _, phase := range phases {
		if err := o.decide(ctx, engine, phase, requests[phase]); err != nil {
			return o, err
		}
	}
	o.sortOut(sent)
	return o, nil
}

// decide asks the engine for one phase, whose verdict of native is known.
func (o *outcome) decide(ctx context.Context, engine Engine, phase Phase, request *protocol.Request) error {
	ours, err := engine.Evaluate(ctx, phase, request)
	if err != nil {
		return err
	}
	o.ours[phase] = ours
	class, detail, err := decided(phase, o.native[phase], ours, request.Object)
	if class != "" {
		o.differences = append(o.differences, &Difference{Phase: phase, Class: class, Detail: detail})
	}
	return err
}

// decided compares two verdicts on one object.
func decided(phase Phase, native, ours *Verdict, object json.RawMessage) (Class, string, error) {
	switch {
	case ours.Fault != "":
		return Fault, ours.Fault, nil
	case native.Allowed != ours.Allowed && ours.Allowed:
		return FailOpen, "native refuses, the rule set allows", nil
	case native.Allowed != ours.Allowed:
		return FailClosed, "native allows, the rule set refuses", nil
	case phase == Validate || !native.Allowed:
		return "", "", nil
	}
	before, err := podOf(object)
	if err != nil {
		return "", "", err
	}
	left, err := podAfter(native, before)
	if err != nil {
		return "", "", err
	}
	right, err := podAfter(ours, before)
	if err != nil {
		return "", "", err
	}
	path := differs("", left, right)
	switch {
	case path == "":
		return "", "", nil
	case differs("", before, right) == "":
		return NotMutated, "native changes the pod, the rule set does not: " + path, nil
	}
	return Mutation, "the pods differ at " + path, nil
}

// podAfter is the pod that a phase leaves, without native's annotation.
func podAfter(v *Verdict, before any) (any, error) {
	if len(v.Object) == 0 {
		return before, nil
	}
	return podOf(v.Object)
}

// podOf decodes a pod and takes out the annotation in which native notes the policy, with the map that held
// nothing else.
func podOf(object json.RawMessage) (any, error) {
	if len(object) == 0 {
		return nil, nil
	}
	pod, err := decode(object)
	if err != nil {
		return nil, err
	}
	root, _ := pod.(map[string]any)
	metadata, _ := root["metadata"].(map[string]any)
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		delete(annotations, policyAnnotation)
		if len(annotations) == 0 {
			delete(metadata, "annotations")
		}
	}
	return pod, nil
}

// notePatch gives native's first verdict the patch that it amounts to, by which changes are counted when
// the rule set has none that could stand for it.
func (o *outcome) notePatch() error {
	native := o.native[Mutate]
	if !native.Allowed || len(native.Object) == 0 {
		return nil
	}
	before, err := decode(o.prepared.Object)
	if err != nil {
		return fmt.Errorf("prepared object: %w", err)
	}
	after, err := decode(native.Object)
	if err != nil {
		return fmt.Errorf("admitted object: %w", err)
	}
	var patch []map[string]any
	for _, change := range changes("", before, after) {
		op, rest, _ := strings.Cut(change, " ")
		path, value, _ := strings.Cut(rest, ": ")
		patch = append(patch, map[string]any{"op": op, "path": path, "value": value})
	}
	native.Patch, err = json.Marshal(patch)
	return err
}

// patch is the change that a phase makes to the pod.
func (o *outcome) patch(phase Phase) json.RawMessage {
	if native := o.native[phase]; native != nil && len(native.Patch) > 0 {
		return native.Patch
	}
	if ours := o.ours[phase]; ours != nil {
		return ours.Patch
	}
	return nil
}
