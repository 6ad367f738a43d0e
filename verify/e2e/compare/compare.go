// SPDX-License-Identifier: Apache-2.0

// Package compare holds what an API server with the plugin made of a request against what one with webhooks made of it.
package compare

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/server"
)

// Result is what comparing two answers to one request came to.
type Result struct {
	// Divergence says what differs; empty if nothing does.
	Divergence string
	// Known are the differences of the server versions, by their names, without which the answers would differ.
	Known []string
}

// Outcomes compares an answer of the old cluster with one of the new cluster.
func Outcomes(before, after *clusters.Outcome) (Result, error) {
	if before.Kind != after.Kind {
		for _, d := range verdicts {
			if d.explains(before, after) {
				return Result{Known: []string{d.Name}}, nil
			}
		}
		return Result{Divergence: fmt.Sprintf("old: %s, new: %s", told(before), told(after))}, nil
	}
	switch {
	case before.Kind == clusters.Admitted:
		return pods(before, after)
	case before.Kind == clusters.Denied && !sameMessage(before.Message, after.Message):
		return Result{Divergence: fmt.Sprintf("old: %s\nnew: %s", before.Message, after.Message)}, nil
	case before.Kind == clusters.Failed && strings.Contains(after.Message, `webhook "`):
		return Result{Divergence: "new: " + after.Message}, nil
	}
	return Result{}, nil // what the API does not take is refused in the words of its version
}

func told(o *clusters.Outcome) string {
	if o.Kind == clusters.Admitted {
		return fmt.Sprintf("admitted by %q", o.Policy)
	}
	return string(o.Kind) + ": " + o.Message
}

// pods compares what would be stored, as kubelets would run it.
func pods(before, after *clusters.Outcome) (Result, error) {
	if before.Policy != after.Policy {
		return Result{Divergence: fmt.Sprintf("old: admitted by %q, new: by %q", before.Policy, after.Policy)}, nil
	}
	old, err := effective(before)
	if err != nil {
		return Result{}, err
	}
	current, err := effective(after)
	if err != nil {
		return Result{}, err
	}
	var r Result
	for _, d := range stored {
		if d.apply(old, current) {
			r.Known = append(r.Known, d.Name)
		}
	}
	r.Divergence = cmp.Diff(old, current)
	return r, nil
}

func effective(o *clusters.Outcome) (object, error) {
	data, err := server.Effective(o.Pod)
	if err != nil {
		return nil, err
	}
	var pod object
	return pod, json.Unmarshal(data, &pod)
}
