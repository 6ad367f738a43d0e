// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// bundleType tells OPA that the server understands long polling (v1/download/download.go, v1.22.2).
	bundleType = "application/vnd.openpolicyagent.bundles"
	// longestWait bounds for how long a poll is held, whatever the client asks for.
	longestWait = 5 * time.Minute
	// maxSnapshotHosts bounds how many hosts are remembered for not taking deltas.
	maxSnapshotHosts = 4096
)

// preferences are what a client asks for in its Prefer headers.
type preferences struct {
	wait  time.Duration
	delta bool
}

// prefer reads Prefer: modes=snapshot,delta;wait=30. What it does not understand, it ignores, as RFC 7240 demands.
func prefer(headers []string) preferences {
	var p preferences
	for word := range strings.FieldsFuncSeq(strings.Join(headers, ";"), func(r rune) bool { return r == ';' }) {
		key, value, _ := strings.Cut(strings.TrimSpace(word), "=")
		switch strings.ToLower(key) {
		case "wait":
			if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
				p.wait = min(time.Duration(seconds)*time.Second, longestWait)
			}
		case "modes":
			p.delta = slices.Contains(strings.Split(value, ","), "delta")
		}
	}
	return p
}

// etags reads If-None-Match: the first is what the client has, the others what it had before.
func etags(headers []string) []string {
	var list []string
	for tag := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag != "" {
			list = append(list, tag)
		}
	}
	return list
}

// bundle answers a request for the bundle: with the newest revision, as a delta if that is of use, or with 304 if the client
// has it already and nothing is published for as long as it wants to wait.
func (s *Server) bundle(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		s.refuse(w, http.StatusUnauthorized, "this bundle is for known clients: a bearer token, a client certificate or both are missing or wrong")
		return
	}
	has, want := etags(r.Header["If-None-Match"]), prefer(r.Header["Prefer"])
	if r.Method == http.MethodHead {
		want.wait = 0
	}
	unbound(w) // nothing more is read, and a poll may wait
	rev := s.await(r.Context(), has, want.wait)
	if r.Context().Err() != nil {
		s.metrics.requests.WithLabelValues("gone").Inc()
		return
	}
	if rev == nil {
		w.Header().Set("Retry-After", "5")
		s.refuse(w, http.StatusServiceUnavailable, "there is no bundle yet")
		return
	}
	header := w.Header()
	header.Set("ETag", rev.etag)
	header.Set("Content-Type", bundleType)
	header.Set("Cache-Control", "no-cache")
	if rev.matches(has) {
		s.metrics.requests.WithLabelValues("unchanged").Inc()
		bound(w, 0)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body, kind := rev.snapshot, "snapshot"
	if want.delta && len(has) > 0 && r.Method == http.MethodGet && s.takesDelta(rev, has[0], r.RemoteAddr) {
		body, kind = rev.delta, "delta"
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	s.metrics.requests.WithLabelValues(kind).Inc()
	s.log.DebugContext(r.Context(), "sending", "kind", kind, "revision", rev.bundle.Revision, "client", r.RemoteAddr)
	bound(w, len(body))
	if _, err := w.Write(body); err != nil && r.Method == http.MethodGet {
		s.log.WarnContext(r.Context(), "a client did not take the whole bundle", "client", r.RemoteAddr, "error", err)
	}
}

func (rev *revision) matches(has []string) bool {
	return slices.Contains(has, rev.etag) || slices.Contains(has, "*")
}

// await gives the revision that is served: at once if the client does not have it, else as soon as there is another, at the
// latest after the wait, or when the server closes.
func (s *Server) await(ctx context.Context, has []string, wait time.Duration) *revision {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	s.metrics.polls.Inc()
	defer s.metrics.polls.Dec()
	for {
		current, _, _, changed := s.state()
		if current != nil && !current.matches(has) || wait == 0 {
			return current
		}
		select {
		case <-changed:
		case <-timer.C:
			return current
		case <-s.closing:
			return current
		case <-ctx.Done():
			return current
		}
	}
}

// takesDelta reports whether a client that has a revision is given the delta. One that comes back with what it had could not
// use the delta that it was given (OPA refuses deltas where it persists bundles): from then on its host gets snapshots.
func (s *Server) takesDelta(rev *revision, has, remote string) bool {
	if rev.delta == nil || has != rev.from {
		return false
	}
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshots[host] || len(rev.given) >= maxSnapshotHosts {
		return false
	}
	if rev.given[host] {
		if len(s.snapshots) >= maxSnapshotHosts {
			clear(s.snapshots)
		}
		s.snapshots[host] = true
		return false
	}
	rev.given[host] = true
	return true
}
