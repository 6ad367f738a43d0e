// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"psp2rego/bundles/server"
)

// opaBinary is the OPA of go.mod, which the go command builds once and keeps.
var opaBinary = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "opa").Output()
	return strings.TrimSpace(string(out)), err
})

// watched is a handler that tells which revision a client says it has: what OPA puts there is active.
type watched struct {
	http.Handler
	mu     sync.Mutex
	has    string // If-None-Match of the last request for the bundle
	asked  int    // requests for the bundle
	change chan struct{}
}

func watch(h http.Handler) *watched { return &watched{Handler: h, change: make(chan struct{})} }

func (w *watched) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	if r.URL.Path == server.Path {
		w.mu.Lock()
		w.has = r.Header.Get("If-None-Match")
		w.asked++
		close(w.change)
		w.change = make(chan struct{})
		w.mu.Unlock()
	}
	w.Handler.ServeHTTP(to, r)
}

// active waits until the client says that it has a revision.
func (w *watched) active(t testing.TB, revision string) {
	t.Helper()
	w.until(t, func() bool { return w.has == `"`+revision+`"` })
}

// again waits until the client has asked twice more: it has seen all of the first answer by then.
func (w *watched) again(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	enough := w.asked + 2
	w.mu.Unlock()
	w.until(t, func() bool { return w.asked >= enough })
}

func (w *watched) until(t testing.TB, reached func() bool) {
	t.Helper()
	for {
		w.mu.Lock()
		enough, change := reached(), w.change
		w.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-change:
		case <-t.Context().Done():
			t.Fatal("OPA did not ask for what it should have")
		}
	}
}

// process is an OPA that runs.
type process struct {
	t       testing.TB
	log     *lockedBuffer
	address string
	client  *http.Client
	pid     int
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // not embedded: its ReadFrom would know of no lock
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// services is OPA's configuration for a bundle server. further is added to the service's and the bundle's part.
func services(url string, service, bundle map[string]any) map[string]any {
	svc := map[string]any{"url": url}
	bun := map[string]any{
		"service": "psp", "resource": strings.TrimPrefix(server.Path, "/"),
		"polling": map[string]any{"min_delay_seconds": 1, "max_delay_seconds": 1, "long_polling_timeout_seconds": 30},
	}
	for k, v := range service {
		svc[k] = v
	}
	for k, v := range bundle {
		bun[k] = v
	}
	return map[string]any{"services": map[string]any{"psp": svc}, "bundles": map[string]any{"psp": bun}}
}

// startOPA runs OPA with a configuration on a free port of 127.0.0.1, with TLS if there are certificates for it.
func startOPA(t testing.TB, config map[string]any, secure *authority) *process {
	t.Helper()
	binary, err := opaBinary()
	if err != nil {
		t.Fatalf("find OPA: %v", err)
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "opa.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	scheme, client := "http", &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	args := []string{"run", "--server", "--config-file", file, "--log-format", "text", "--log-level", "error", "--skip-version-check"}
	if secure != nil {
		files := secure.issue("decider", -1e12, 1e13)
		args = append(args, "--tls-cert-file", files.Certificate, "--tls-private-key-file", files.Key)
		scheme, client = "https", secure.client("")
		client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	}
	for range 5 { // somebody else may take the port between the question for a free one and OPA
		p := &process{t: t, log: &lockedBuffer{}, address: scheme + "://" + freePort(t), client: client}
		if p.start(binary, args) {
			return p
		}
	}
	t.Fatal("OPA does not start")
	return nil
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs OPA and reports whether it answers; if it does not, it has ended.
func (p *process) start(binary string, args []string) bool {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, append(args, "--addr", p.address)...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		cancel()
		p.t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	p.t.Cleanup(stop)
	for {
		select {
		case <-ended:
			p.t.Logf("OPA ended: %s", p.log)
			return false
		case <-p.t.Context().Done():
			p.t.Fatal("OPA does not answer")
		default:
		}
		if response, err := p.client.Get(p.address + "/health"); err == nil {
			return response.Body.Close() == nil
		}
	}
}

// answer is an AdmissionReview's response.
type answer struct {
	Allowed          bool
	PatchType        string
	AuditAnnotations map[string]string
	Status           struct{ Message string }
}

// ask has OPA decide, as an API server does.
func (p *process) ask(phase, user string) (answer, error) {
	body := fmt.Sprintf(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"group":"","version":"v1",`+
		`"kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"namespace":"default","operation":"CREATE",`+
		`"userInfo":{"username":%q,"groups":["system:authenticated"]},"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p",`+
		`"namespace":"default"},"spec":{"containers":[{"name":"c","image":"i"}]}},"oldObject":null}}`, user)
	response, err := p.client.Post(p.address+"/v0/data/psp/"+phase, "application/json", strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	var review struct{ Response *answer }
	if err := json.NewDecoder(response.Body).Decode(&review); err != nil {
		return answer{}, fmt.Errorf("status %s: %w", response.Status, err)
	}
	if response.StatusCode != http.StatusOK || review.Response == nil {
		return answer{}, fmt.Errorf("status %s without a decision", response.Status)
	}
	return *review.Response, nil
}
