// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"context"
	"encoding/json"
	"fmt"

	"psp2rego/verify"
	"psp2rego/verify/cases"
)

// idempotence: A pod that was admitted is admitted again, and nothing but the policy's name changes.
//
// Each side is given its own result, as an API server does when it asks a mutating webhook again after another one has
// changed the pod. The policy may be another one the second time: a pod that one policy has filled in may need nothing
// from one that sorts before it and refused it. Native has to show the property, too, else it would not be one.
//
// Pods are compared deeply, up to the annotation with the policy's name.
func idempotence() Property {
	settings := cases.Defaults()
	settings.MaxPolicies, settings.Restrict, settings.Updates, settings.Others = 3, 0.05, 0, 0
	return Property{
		Name: "idempotence", Strictness: CompareMutation, Expect: []Outcome{Allowed, Refused}, ExpectOnce: []Outcome{Changed, Unchanged},
		generate: func(seed uint64, index int) *cases.Isolated { return creations(settings, seed, index, 40) },
		judge:    mutateTwice,
	}
}

func mutateTwice(ctx context.Context, b *bench, c *verify.CaseFile) (*verify.Judgement, error) {
	first, err := ask(ctx, b, c)
	if err != nil {
		return nil, err
	}
	for _, side := range bothSides() {
		once := side.verdict(first, verify.Mutate)
		if once == nil || !once.Allowed || len(once.Object) == 0 {
			continue
		}
		request := *first.Prepared()
		request.Object = once.Object
		again := &verify.CaseFile{Dialect: c.Dialect, Objects: c.Objects, Phase: verify.Mutate, Request: &request}
		second, err := ask(ctx, b, again)
		if err != nil {
			return nil, err
		}
		if second.Refused != "" {
			return nil, fmt.Errorf("an admitted pod is not taken: %s", second.Refused)
		}
		if d := changedAgain(once, side.verdict(second, verify.Mutate)); d != nil {
			d.Detail = side.name + ", given the pod that it admitted: " + d.Detail
			first.Differences = append(first.Differences, d)
		}
	}
	return first, nil
}

// changedAgain compares what a side made of its own result with that result, as if one side had said both.
func changedAgain(once, twice *verify.Verdict) *verify.Difference {
	before := &verify.Verdict{Handled: true, Allowed: true, Object: nameless(once.Object)}
	after := &verify.Verdict{Handled: true, Allowed: twice.Allowed, Message: twice.Message, Fault: twice.Fault, Object: nameless(twice.Object)}
	return verify.Compare(verify.Mutate, before, after, nil)
}

// nameless is the pod without the name of the policy that admitted it.
func nameless(object json.RawMessage) json.RawMessage {
	value, err := decode(object)
	if err != nil {
		return object // the comparison says so
	}
	pod, _ := value.(map[string]any)
	metadata, _ := pod["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	if delete(annotations, "kubernetes.io/psp"); len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	data, err := json.Marshal(value)
	if err != nil {
		return object
	}
	return data
}
