// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"psp2rego/bundles/server"
)

// TestOPADownloadsAndActivatesWhatIsPublished has a real OPA follow snapshots and deltas over TLS, with a token.
func TestOPADownloadsAndActivatesWhatIsPublished(t *testing.T) {
	a := newAuthority(t)
	config, err := a.issue("server", -time.Hour, time.Hour).Config(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.file("token"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := server.New(server.Options{Deltas: true, Token: func() (string, error) { return "secret", nil }})
	w := watch(s.Handler())
	front := httptest.NewUnstartedServer(w)
	front.TLS = config
	front.StartTLS()
	t.Cleanup(front.Close) // after OPA has ended

	odd := "https://id/~x%2F y?/"
	first := made(t, []string{"p", "q"}, "jeff")
	publish(t, s, first)
	p := startOPA(t, services(front.URL, map[string]any{
		"tls": map[string]any{"ca_cert": a.file("ca.pem")}, "credentials": map[string]any{"bearer": map[string]any{"token_path": a.file("token")}},
	}, nil), nil)
	w.active(t, first.Revision)
	decides := func(user string, want bool) {
		t.Helper()
		for _, phase := range []string{"mutate", "validate"} {
			if got, err := p.ask(phase, user); err != nil || got.Allowed != want {
				t.Errorf("%s for %s: %v %v\n%s", phase, user, got, err, p.log)
			}
		}
	}
	decides("jeff", true)
	decides(odd, false)

	second := made(t, []string{"p", "q"}, odd) // a delta: one subject less, one more
	publish(t, s, second)
	w.active(t, second.Revision)
	decides("jeff", false)
	decides(odd, true)

	third := made(t, []string{"q"}, "jeff") // a snapshot: a policy less
	publish(t, s, third)
	w.active(t, third.Revision)
	decides("jeff", true)
	decides(odd, false)
	if got := metrics(t, s); got[`psp2rego_bundle_requests_total{answer="delta"}`] != "1" {
		t.Errorf("deltas: %v", got)
	}
	if log := p.log.String(); strings.Contains(log, "[ERROR]") {
		t.Errorf("OPA complained: %s", log)
	}
}

// TestAnOPAThatPersistsBundlesFollowsWithoutDeltas is about one that asks for deltas and refuses them.
func TestAnOPAThatPersistsBundlesFollowsWithoutDeltas(t *testing.T) {
	s := server.New(server.Options{Deltas: true})
	w := watch(s.Handler())
	front := httptest.NewServer(w)
	t.Cleanup(front.Close) // after OPA has ended
	publish(t, s, made(t, []string{"p"}, "user-0"))
	config := services(front.URL, nil, map[string]any{"persist": true})
	config["persistence_directory"] = t.TempDir()
	p := startOPA(t, config, nil)
	for _, user := range []string{"user-1", "user-2"} {
		next := made(t, []string{"p"}, user)
		w.active(t, made(t, []string{"p"}, before(user)).Revision)
		publish(t, s, next)
		w.active(t, next.Revision)
		if got, err := p.ask("validate", user); err != nil || !got.Allowed {
			t.Errorf("%s: %v %v\n%s", user, got, err, p.log)
		}
	}
	if got := metrics(t, s); got[`psp2rego_bundle_requests_total{answer="delta"}`] != "1" {
		t.Errorf("deltas: %s", got[`psp2rego_bundle_requests_total{answer="delta"}`])
	}
}

func before(user string) string {
	if user == "user-1" {
		return "user-0"
	}
	return "user-1"
}
