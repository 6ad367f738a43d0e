// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"net/http"
	"time"
)

// status is the body of /health and /ready.
type status struct {
	Revision  string `json:"revision"`            // "" before the first
	Published string `json:"published,omitempty"` // when the revision was
	// Current is whether the revision is what the source says now.
	Current bool `json:"current"`
	// Reason is why not, for those who may have the bundle.
	Reason string `json:"reason,omitempty"`
	// Since is when the last attempt to publish ended, or the first of a row of failures.
	Since string `json:"since,omitempty"`
}

func (s *Server) status(r *http.Request) status {
	current, _, since, _ := s.state()
	reason := s.behind()
	answer := status{Current: current != nil && reason == nil}
	if current != nil {
		answer.Revision, answer.Published = current.bundle.Revision, timestamp(current.published)
	}
	if !since.IsZero() {
		answer.Since = timestamp(since)
	}
	if reason != nil && s.authorized(r) {
		answer.Reason = reason.Error()
	}
	return answer
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// health answers as long as the server can answer at all: a restart would mend nothing that it reports.
func (s *Server) health(w http.ResponseWriter, r *http.Request) { reply(w, http.StatusOK, s.status(r)) }

// ready is 200 as soon as there is a revision to serve, also if it is not the newest: refusing to hand it out would turn a
// mistake in the input into an outage. With ?current, only the newest will do.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	answer := s.status(r)
	code := http.StatusOK
	if answer.Revision == "" || r.URL.Query().Has("current") && !answer.Current {
		code = http.StatusServiceUnavailable
	}
	reply(w, code, answer)
}

// reply writes a status. A client that is gone is nobody to tell.
func reply(w http.ResponseWriter, code int, body status) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
