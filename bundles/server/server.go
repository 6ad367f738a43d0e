// SPDX-License-Identifier: Apache-2.0

// Package server serves one bundle, revision after revision, by OPA's bundle protocol: with ETags, long polling and, where
// only grants changed, delta bundles. It bounds what a client can cost, and tells how it is by health checks and metrics.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"psp2rego/bundles/opa"
)

// Path is where the bundle is: the resource that OPA's configuration names.
const Path = "/bundles/psp"

// Options say how a bundle is served. The zero value serves unsigned, to everybody who can connect.
type Options struct {
	// Deltas sends changed grants as delta bundles to clients that ask for them. OPA up to 1.22.2 compiles its modules anew, in
	// place, when it activates a delta, and has no decision for requests that it gets meanwhile (v1/bundle/store.go,
	// activateBundles), so this is for OPAs that need not answer all the time.
	Deltas bool
	// Sign gives a tarball its signature. Signed bundles are never sent as deltas, because OPA has no signatures for those.
	// Nil: unsigned.
	Sign func(ctx context.Context, tarball []byte) ([]byte, error)
	// Token gives the bearer token that requests for the bundle must carry. It is asked for each request, so that a token
	// can be replaced; an error or an empty token refuses every request. Nil: no token is needed.
	Token func() (string, error)
	// ClientCertificate demands a client certificate that the TLS configuration accepts, of requests for the bundle.
	ClientCertificate bool
	// Stale tells for how long the source has not been heard of, and why not if that is too long. Nil: it cannot be away.
	Stale func() (time.Duration, error)
	// Log is where the server reports. Nil: nowhere.
	Log *slog.Logger
}

// Server serves the revision that was published last. Its methods may be called at the same time.
type Server struct {
	options Options
	limits  limits
	log     *slog.Logger
	metrics *metrics
	handler http.Handler
	closing chan struct{}
	close   func()

	mu      sync.Mutex
	current *revision
	changed chan struct{} // closed by the next publication
	problem error         // why the newest state of the source is not what is served
	since   time.Time     // since when
	// snapshots are the hosts whose OPA could not use a delta.
	snapshots map[string]bool
}

// revision is what is served of one bundle.
type revision struct {
	bundle    *opa.Bundle
	etag      string
	snapshot  []byte
	delta     []byte // leads here from the revision before, nil if a snapshot is needed
	from      string // the ETag of the revision before
	published time.Time
	given     map[string]bool // hosts that were given the delta
}

// New is a server that has nothing to serve yet.
func New(o Options) *Server {
	s := &Server{
		options: o, limits: defaultLimits(), log: o.Log, closing: make(chan struct{}), changed: make(chan struct{}),
		snapshots: map[string]bool{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.close = sync.OnceFunc(func() { close(s.closing) })
	s.metrics = newMetrics(s)
	s.handler = s.routes()
	return s
}

// Handler answers all requests. Serve adds the bounds on connections.
func (s *Server) Handler() http.Handler { return s.handler }

// Publish makes a bundle the one that is served, and answers the polls that wait for it. It reports whether that changed
// anything: a bundle of the same revision does not. On an error, the bundle before is still served. One call at a time.
func (s *Server) Publish(ctx context.Context, b *opa.Bundle) (changed bool, err error) {
	s.mu.Lock()
	before := s.current
	s.mu.Unlock()
	if before != nil && before.bundle.Revision == b.Revision {
		s.settled(nil, "unchanged")
		return false, nil
	}
	next := &revision{bundle: b, etag: `"` + b.Revision + `"`, given: map[string]bool{}}
	if next.snapshot, err = b.Tarball(); err != nil {
		return false, err
	}
	if s.options.Sign != nil {
		if next.snapshot, err = s.options.Sign(ctx, next.snapshot); err != nil {
			return false, fmt.Errorf("sign revision %s: %w", b.Revision, err)
		}
	} else if before != nil && s.options.Deltas {
		next.from = before.etag
		if next.delta, err = delta(before.bundle, b); err != nil {
			return false, err
		}
		if len(next.delta) >= len(next.snapshot) {
			next.delta = nil
		}
	}
	next.published = time.Now()

	s.mu.Lock()
	s.current = next
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	s.settled(nil, "published")
	s.log.InfoContext(ctx, "published", "revision", b.Revision, "bytes", len(next.snapshot), "delta", len(next.delta))
	return true, nil
}

// Fail says that the source's newest state could not be made a bundle. What was published last stays, until the next
// Publish.
func (s *Server) Fail(err error) {
	s.settled(err, "failed")
	s.log.Error("nothing published; the last good revision stays", "error", err)
}

func (s *Server) settled(problem error, result string) {
	s.metrics.translations.WithLabelValues(result).Inc()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problem == nil || problem == nil {
		s.since = time.Now()
	}
	s.problem = problem
}

// state is what is served now, and why it is not the newest; the channel is closed when that revision is replaced.
func (s *Server) state() (current *revision, problem error, since time.Time, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.problem, s.since, s.changed
}

// behind is why the revision that is served may not be the newest state of the source; nil if it is.
func (s *Server) behind() error {
	_, problem, _, _ := s.state()
	var away error
	if s.options.Stale != nil {
		_, away = s.options.Stale()
	}
	return errors.Join(problem, away)
}
