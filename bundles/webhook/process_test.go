// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
)

// process is OPA as the emitted manifests run it: with their arguments, settings and mounts, in folders of this machine.
type process struct {
	ctx       context.Context
	command   *exec.Cmd
	lines     chan string
	transport *http.Transport
	service   string
}

// mounts are the folders that stand for those of the container.
type mounts struct{ root, address string }

// run starts OPA and waits until it says one of these words.
func (m *mounts) run(t *testing.T, set *manifests, until ...string) *process {
	t.Helper()
	tool, err := exec.CommandContext(t.Context(), "go", "tool", "-n", "opa").Output()
	if err != nil {
		t.Fatal(err)
	}
	container := set.deployment.Spec.Template.Spec.Containers[0]
	var args []string
	for _, arg := range container.Args {
		if arg == "--addr=:8443" {
			arg = "--addr=" + m.address
		}
		args = append(args, m.local(set, arg))
	}
	s := &process{ctx: within(t), lines: make(chan string, 10_000)}
	s.command = exec.CommandContext(s.ctx, strings.TrimSpace(string(tool)), args...)
	s.command.Dir = t.TempDir()
	reader, writer := io.Pipe()
	s.command.Stdout, s.command.Stderr = writer, writer
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.command.Wait() // it is killed
		_ = writer.Close()
	}()
	go func() {
		defer close(s.lines)
		for scanner := bufio.NewReader(reader); ; {
			line, err := scanner.ReadString('\n')
			if err != nil {
				return
			}
			s.lines <- line
		}
	}()
	t.Cleanup(s.kill)
	s.await(t, until...)
	s.dial(t, set, m.address)
	return s
}

// local turns a path in the container into one of this machine.
func (m *mounts) local(set *manifests, text string) string {
	for _, mount := range set.deployment.Spec.Template.Spec.Containers[0].VolumeMounts {
		for _, before := range []string{"=", " ", ""} {
			if before == "" && !strings.HasPrefix(text, mount.MountPath) {
				continue
			}
			text = strings.ReplaceAll(text, before+mount.MountPath, before+filepath.Join(m.root, mount.MountPath))
			if before == "" {
				return text
			}
		}
	}
	return text
}

// newMounts puts the settings, the certificate and the token where the container would find them.
func newMounts(t *testing.T, set *manifests, certificate, key []byte) *mounts {
	t.Helper()
	m := &mounts{root: t.TempDir(), address: freeAddress(t)}
	files := map[string]string{"tls/tls.crt": string(certificate), "tls/tls.key": string(key), "token/token": token}
	for name, text := range set.settings.Data {
		files["config/"+name] = text
	}
	files["config/opa.yaml"] = m.local(set, files["config/opa.yaml"])
	for name, text := range files {
		name = filepath.Join(m.root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// kill ends OPA and gives what it said and nobody waited for.
func (s *process) kill() {
	_ = s.command.Process.Kill()
	for range s.lines {
	}
}

// await reads what OPA says until a line holds one of these words, and gives the line.
func (s *process) await(t *testing.T, words ...string) string {
	t.Helper()
	var said strings.Builder
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				t.Fatalf("OPA ended:\n%s", said.String())
			}
			said.WriteString(line)
			for _, word := range words {
				if strings.Contains(line, word) {
					return line
				}
			}
		case <-s.ctx.Done():
			t.Fatalf("OPA does not say %q:\n%s", words, said.String())
		}
	}
}

// dial prepares to call OPA as an API server does: by the Service's name, trusting the webhook configuration's CA bundle alone. It
// comes back when somebody listens.
func (s *process) dial(t *testing.T, set *manifests, address string) {
	t.Helper()
	client := set.mutating.Webhooks[0].ClientConfig
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(client.CABundle) {
		t.Fatal("no API server trusts this webhook")
	}
	s.service = client.Service.Name + "." + client.Service.Namespace + ".svc"
	s.transport = &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
	for {
		connection, err := s.transport.DialContext(s.ctx, "tcp", "")
		if err == nil {
			connection.Close()
			return
		}
		if s.ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// call sends a request and gives status and body.
func (s *process) call(t *testing.T, method, path string, body []byte) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, method, "https://"+s.service+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Transport: s.transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, data
}

// review asks as the webhook's configuration says.
func (s *process) review(t *testing.T, client admissionv1.WebhookClientConfig, review map[string]any) map[string]any {
	t.Helper()
	body, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	status, data := s.call(t, http.MethodPost, *client.Service.Path, body)
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, data)
	}
	answer := struct {
		APIVersion, Kind string
		Response         map[string]any
	}{}
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.APIVersion != "admission.k8s.io/v1" || answer.Kind != "AdmissionReview" {
		t.Fatalf("no answer to a webhook: %s", data)
	}
	return answer.Response
}
