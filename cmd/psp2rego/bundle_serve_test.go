// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// serving is the command while it serves.
type serving struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *bufio.Scanner
	base string
}

// startServing runs psp2rego bundle serve on a port of the kernel's choice.
func startServing(t *testing.T, args ...string) *serving {
	t.Helper()
	s := &serving{t: t, cmd: exec.Command("psp2rego", append([]string{"bundle", "serve", "--listen", "127.0.0.1:0", "--log-format", "json"}, args...)...)}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() }) // it has ended, mostly
	s.log = bufio.NewScanner(stderr)
	s.base = "http://" + s.until("listening")["address"].(string)
	return s
}

// until reads the log up to a message.
func (s *serving) until(message string) map[string]any {
	s.t.Helper()
	var seen []string
	for s.log.Scan() {
		var line map[string]any
		if err := json.Unmarshal(s.log.Bytes(), &line); err != nil {
			s.t.Fatalf("not a line of JSON: %s", s.log.Text())
		}
		if line["msg"] == message {
			return line
		}
		seen = append(seen, s.log.Text())
	}
	s.t.Fatalf("it ended without %q:\n%s", message, strings.Join(seen, "\n"))
	return nil
}

func (s *serving) get(path string) (status int, body string) {
	s.t.Helper()
	response, err := http.Get(s.base + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// end asks it to end, and wants it to do so in peace.
func (s *serving) end() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	s.until("closing")
	for s.log.Scan() {
		s.t.Errorf("after closing: %s", s.log.Text())
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("it ended with: %v", err)
	}
}

// TestServeFollowsEditsAndSurvivesBrokenOnes goes through a day of a server.
func TestServeFollowsEditsAndSurvivesBrokenOnes(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mke")
	if err := os.CopyFS(folder, os.DirFS(mkeFolder)); err != nil {
		t.Fatal(err)
	}
	s := startServing(t, "-f", folder)
	first := s.until("published")["revision"]
	if status, body := s.get("/bundles/psp"); status != http.StatusOK || !strings.HasPrefix(body, "\x1f\x8b") {
		t.Errorf("bundle: %d, %.20q", status, body)
	}
	edit := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit("broken.yaml", "kind: [")
	if line := s.until("nothing published; the last good revision stays"); !strings.Contains(fmt.Sprint(line["error"]), "cannot be read") {
		t.Errorf("log: %v", line)
	}
	for path, want := range map[string]int{"/health": 200, "/ready": 200, "/ready?current": 503} {
		status, body := s.get(path)
		if status != want || !strings.Contains(body, fmt.Sprint(first)) || !strings.Contains(body, `"current":false`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	edit("broken.yaml", "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: another}\nspec: {runAsUser: {rule: RunAsAny}, "+
		"seLinux: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}}\n")
	second := s.until("published")["revision"]
	if status, body := s.get("/ready?current"); first == second || status != 200 || !strings.Contains(body, fmt.Sprint(second)) {
		t.Errorf("mended: %d %s", status, body)
	}
	if _, body := s.get("/metrics"); !strings.Contains(body, `psp2rego_translations_total{result="failed"} 1`) {
		t.Errorf("metrics: %s", body)
	}
	s.end()
}

// TestServeFollowsACluster reads a kubeconfig, policies from a file and bindings from an API server, and waits for it.
func TestServeFollowsACluster(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/version":
			fmt.Fprint(w, `{"major":"1","minor":"29"}`)
		case r.URL.Query().Has("sendInitialEvents"):
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}`)
		case r.URL.Query().Has("watch"):
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case strings.HasPrefix(r.URL.Path, "/apis/rbac.authorization.k8s.io/v1/"):
			fmt.Fprint(w, `{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer api.Close()
	defer api.CloseClientConnections()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(`{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":"`+api.URL+
		`"}}],"contexts":[{"name":"one","context":{"cluster":"c"}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServing(t, "--from-cluster", "--kubeconfig", kubeconfig, "--context", "one", "-f", filepath.Join(mkeFolder, "base", "policies.yaml"))
	s.until("published")
	if status, body := s.get("/ready?current"); status != http.StatusOK {
		t.Errorf("ready: %d %s", status, body)
	}
	s.end()
}
