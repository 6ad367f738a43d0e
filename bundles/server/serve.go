// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// limits are what a client may cost. OPA needs far less of each.
type limits struct {
	header      time.Duration // for all header lines together, however slowly they trickle in
	request     time.Duration
	idle        time.Duration
	headerBytes int
	connections int
}

const (
	// slowestClient is the rate, in bytes a second, below which a download is cut off.
	slowestClient = 32 << 10
	// answerTime is for an answer of no size.
	answerTime = 10 * time.Second
	// graceful is how long requests may take to end when the server is asked to.
	graceful = 10 * time.Second
)

func defaultLimits() limits {
	return limits{
		header: 5 * time.Second, request: 10 * time.Second, idle: 2 * time.Minute, headerBytes: 16 << 10, connections: 1024,
	}
}

// Serve answers requests on a listener until the context ends; then it lets the requests that are running finish, polls at
// once. It speaks TLS if there is a configuration for it. The listener is closed.
func (s *Server) Serve(ctx context.Context, l net.Listener, secure *tls.Config) error {
	var only http.Protocols
	only.SetHTTP1(true)
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: s.limits.header, ReadTimeout: s.limits.request, IdleTimeout: s.limits.idle,
		MaxHeaderBytes: s.limits.headerBytes, Protocols: &only, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	l = netutil.LimitListener(l, s.limits.connections)
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	s.log.Info("closing")
	s.close()
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		return errors.Join(fmt.Errorf("close %s: %w", l.Addr(), err), server.Close())
	}
	return nil
}

// routes says what is where. Everything but the bundle is there for everybody.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, s.bundle)
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("GET /ready", s.ready)
	mux.Handle("GET /metrics", s.metrics.handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			s.refuse(w, http.StatusRequestEntityTooLarge, "no request here has a body")
			return
		}
		bound(w, 1<<20)
		mux.ServeHTTP(w, r)
	})
}

// refuse answers with an error that a person can read.
func (s *Server) refuse(w http.ResponseWriter, status int, why string) {
	s.metrics.requests.WithLabelValues("refused").Inc()
	bound(w, 0)
	http.Error(w, why, status)
}

// bound ends a response that takes a client too long to fetch. Recorders in tests have no deadlines; connections all do.
func bound(w http.ResponseWriter, size int) {
	limit := answerTime + time.Duration(size/slowestClient)*time.Second
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
}

// unbound takes the deadlines off a request that was read and may now wait.
func unbound(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}))
}
