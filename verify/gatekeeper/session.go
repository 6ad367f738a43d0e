// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"

	kjson "sigs.k8s.io/json"
)

// session is the state between lines.
type session struct {
	rules *rules // nil until a cluster line succeeded
}

// answer answers one line. A panic, ours or Gatekeeper's, is the answer to that line only.
func (s *session) answer(line []byte) (reply answer) {
	var e envelope
	defer func() {
		if reason := recover(); reason != nil {
			reply = answer{Error: &fault{Kind: faultInternal, Message: fmt.Sprintf("panic: %v", reason)}}
		}
		reply.ID = e.ID
	}()
	err := decodeEnvelope(line, &e)
	if err == nil {
		reply, err = s.dispatch(context.Background(), &e)
	}
	if err != nil {
		return answer{Error: asFault(err)}
	}
	return reply
}

// decodeEnvelope is strict: names are case-sensitive, and unknown or repeated fields
// outside of the Kubernetes objects are faults.
func decodeEnvelope(line []byte, e *envelope) error {
	strict, err := kjson.UnmarshalStrict(line, e)
	switch {
	case err != nil:
		return usageFault("request line: %v", err)
	case len(strict) > 0:
		return usageFault("request line: %v", strict[0])
	case e.ID == nil:
		return usageFault("request line: id is missing")
	}
	return nil
}

func (s *session) dispatch(ctx context.Context, e *envelope) (answer, error) {
	switch {
	case !slices.Contains([]string{"cluster", "mutate", "validate"}, e.Op):
		return answer{}, usageFault("op: unknown operation %q", e.Op)
	case e.Op == "cluster":
		return s.setCluster(ctx, e)
	case e.Cluster != nil:
		return answer{}, usageFault("cluster: not part of op %q", e.Op)
	case e.Request == nil:
		return answer{}, usageFault("request: needed by op %q", e.Op)
	case s.rules == nil:
		return answer{}, usageFault("op %q before a cluster was set", e.Op)
	}
	if err := checkRequest(e.Request); err != nil {
		return answer{}, err
	}
	if e.Op == "mutate" {
		v, err := s.rules.mutate(ctx, e.Request)
		return answer{Mutate: v}, err
	}
	v, err := s.rules.validate(ctx, e.Request)
	return answer{Validate: v}, err
}

// setCluster replaces the whole state. After a fault there is none, so that no request is judged by
// rules that its sender believes to be gone.
func (s *session) setCluster(ctx context.Context, e *envelope) (answer, error) {
	s.rules = nil
	switch {
	case e.Cluster == nil:
		return answer{}, usageFault("cluster: needed by op %q", e.Op)
	case e.Request != nil:
		return answer{}, usageFault("request: not part of op %q", e.Op)
	case len(e.Cluster.Paths) == 0:
		return answer{}, usageFault("cluster.paths: missing")
	}
	r, err := newRules(ctx, e.Cluster)
	if err != nil {
		return answer{}, err
	}
	s.rules = r
	return answer{Notes: r.notes, Mutators: len(r.mutations.all)}, nil
}
