// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime/debug"

	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/capabilities"
	kjson "sigs.k8s.io/json"
)

// session is the state between lines: the cluster that was set last, and what does not
// depend on a cluster.
type session struct {
	preparer   *preparer
	aggregator *aggregator
	cluster    *cluster // nil until a cluster line succeeded
}

func newSession() (*session, error) {
	// kube-apiserver --allow-privileged=true. Without it API validation refuses every
	// privileged container, and PodSecurityPolicy could only forbid what is forbidden.
	capabilities.Setup(true, 0)
	preparer, err := newPreparer()
	if err != nil {
		return nil, err
	}
	aggregator, err := newAggregator()
	if err != nil {
		return nil, err
	}
	return &session{preparer: preparer, aggregator: aggregator}, nil
}

// answer answers one line. A panic, ours or upstream's, is the answer to that line only.
func (s *session) answer(line []byte) (reply answer) {
	var e envelope
	defer func() {
		if reason := recover(); reason != nil {
			klog.Errorf("panic: %v\n%s", reason, debug.Stack())
			reply = answer{ID: e.ID, Error: &fault{Kind: faultInternal, Message: fmt.Sprintf("panic: %v", reason)}}
		}
	}()
	err := decodeEnvelope(line, &e)
	if err == nil {
		reply, err = s.dispatch(&e)
	}
	if err != nil {
		reply = answer{Error: asFault(err)}
	}
	reply.ID = e.ID
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

func (s *session) dispatch(e *envelope) (answer, error) {
	if e.Op == "cluster" {
		return answer{}, s.setCluster(e)
	}
	op, known := map[string]func(*request) (answer, error){
		"prepare":  s.prepare,
		"admit":    s.admit,
		"validate": s.validate,
		"review":   s.review,
	}[e.Op]
	switch {
	case !known:
		return answer{}, usageFault("op: unknown operation %q", e.Op)
	case e.Cluster != nil:
		return answer{}, usageFault("cluster: not part of op %q", e.Op)
	case e.Request == nil:
		return answer{}, usageFault("request: needed by op %q", e.Op)
	case s.cluster == nil && e.Op != "prepare":
		return answer{}, usageFault("op %q before a cluster was set", e.Op)
	}
	if err := checkRequest(e.Request); err != nil {
		return answer{}, err
	}
	return op(e.Request)
}

// setCluster replaces the whole state. After a fault there is no cluster, so that no
// request is judged by one that its sender believes to be gone.
func (s *session) setCluster(e *envelope) error {
	s.cluster = nil
	switch {
	case e.Cluster == nil:
		return usageFault("cluster: needed by op %q", e.Op)
	case e.Request != nil:
		return usageFault("request: not part of op %q", e.Op)
	}
	c, err := newCluster(e.Cluster, s.aggregator)
	if err != nil {
		return err
	}
	s.cluster = c
	return nil
}
