// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// authorized reports whether a request may have the bundle: it must show everything that the options demand.
func (s *Server) authorized(r *http.Request) bool {
	if s.options.ClientCertificate && (r.TLS == nil || len(r.TLS.VerifiedChains) == 0) {
		return false
	}
	if s.options.Token == nil {
		return true
	}
	token, err := s.options.Token()
	if err != nil || token == "" {
		s.log.ErrorContext(r.Context(), "every client is refused: there is no token to compare with", "error", err)
		return false
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}
