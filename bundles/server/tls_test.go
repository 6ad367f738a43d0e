// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"psp2rego/bundles/server"
)

// authority issues certificates for tests, as files in a folder.
type authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = template, nil
	a.key, a.cert = a.write("ca", template)
	return a
}

// write signs a certificate with a new key; the first signs itself.
func (a *authority) write(name string, template *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return key, cert
}

// issue writes NAME.pem and NAME.key for 127.0.0.1, valid from and to now and then.
func (a *authority) issue(name string, from, to time.Duration) server.Certificates {
	a.t.Helper()
	a.write(name, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	return server.Certificates{Certificate: a.file(name + ".pem"), Key: a.file(name + ".key")}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// client trusts the authority and shows what it has been issued under a name, if any.
func (a *authority) client(name string) *http.Client {
	a.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	config := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(a.file(name+".pem"), a.file(name+".key"))
		if err != nil {
			a.t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config}
	a.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// serve runs a server on a port of the kernel's choice. The function it returns ends it and gives what Serve returned.
func serve(t testing.TB, s *server.Server, secure *tls.Config) (address string, end func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, secure) }()
	stopped := false
	end = func() error {
		cancel()
		stopped = true
		return <-ended
	}
	t.Cleanup(func() {
		if !stopped {
			if err := end(); err != nil {
				t.Errorf("the server ended with: %v", err)
			}
		}
	})
	return l.Addr().String(), end
}

func TestTLSThatCannotWorkIsRefusedWithTheReason(t *testing.T) {
	a := newAuthority(t)
	good, other := a.issue("good", -time.Hour, time.Hour), a.issue("other", -time.Hour, time.Hour)
	old, early := a.issue("old", -2*time.Hour, -time.Hour), a.issue("early", time.Hour, 2*time.Hour)
	empty := a.file("empty")
	if err := os.WriteFile(empty, []byte("no certificate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		files server.Certificates
		want  string
	}{
		{server.Certificates{Certificate: good.Certificate}, "needs both"},
		{server.Certificates{Key: good.Key}, "needs both"},
		{server.Certificates{ClientCA: a.file("ca.pem")}, "needs both"},
		{server.Certificates{Certificate: good.Certificate, Key: other.Key}, "private key does not match"},
		{server.Certificates{Certificate: empty, Key: good.Key}, "find any PEM data"},
		{server.Certificates{Certificate: a.file("gone"), Key: good.Key}, "no such file"},
		{server.Certificates{Certificate: good.Key, Key: good.Key}, good.Key},
		{old, "expired on"},
		{early, "not valid before"},
		{server.Certificates{Certificate: good.Certificate, Key: good.Key, ClientCA: empty}, "holds no certificate"},
		{server.Certificates{Certificate: good.Certificate, Key: good.Key, ClientCA: a.file("gone")}, "no such file"},
	} {
		if _, err := tc.files.Config(slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: %v, want %q", tc.files, err, tc.want)
		}
	}
}

func TestAClientCertificateIsDemandedForTheBundleAlone(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	files := a.issue("server", -time.Hour, time.Hour)
	a.issue("opa", -time.Hour, time.Hour)
	stranger.issue("opa", -time.Hour, time.Hour)
	files.ClientCA = a.file("ca.pem")
	config, err := files.Config(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(server.Options{ClientCertificate: true})
	publish(t, s, made(t, []string{"a"}))
	address, _ := serve(t, s, config)
	try := func(c *http.Client, path string) int {
		response, err := c.Get("https://" + address + path)
		if err != nil {
			return 0
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	if got := try(a.client("opa"), server.Path); got != 200 {
		t.Errorf("with certificate: %d", got)
	}
	if got := try(a.client(""), server.Path); got != 401 {
		t.Errorf("without certificate: %d", got)
	}
	if got := try(a.client(""), "/health"); got != 200 {
		t.Errorf("a probe: %d", got)
	}
	impostor := a.client("")
	pair, err := tls.LoadX509KeyPair(stranger.file("opa.pem"), stranger.file("opa.key"))
	if err != nil {
		t.Fatal(err)
	}
	impostor.Transport.(*http.Transport).TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &pair, nil // whoever the server says it trusts
	}
	if got := try(impostor, server.Path); got != 0 {
		t.Errorf("with a stranger's certificate: %d", got)
	}
}

// TestARenewedCertificateCountsAndABrokenOneDoesNot replaces the files of a server that runs.
func TestARenewedCertificateCountsAndABrokenOneDoesNot(t *testing.T) {
	a := newAuthority(t)
	files := a.issue("server", -time.Hour, time.Hour)
	config, err := files.Config(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	address, _ := serve(t, server.New(server.Options{}), config)
	serial := func() string {
		t.Helper()
		response, err := a.client("").Get("https://" + address + "/health")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.TLS.PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	a.issue("server", -time.Hour, time.Hour)
	second := serial()
	if first == second {
		t.Error("the renewed certificate does not count")
	}
	if err := os.WriteFile(files.Certificate, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if serial() != second {
		t.Error("a broken certificate counts")
	}
}

// TestClientsThatTrickleOrBloatAreCutOff sends what a slow-loris and a flood send.
func TestClientsThatTrickleOrBloatAreCutOff(t *testing.T) {
	s := server.New(server.Options{})
	s.Hasten(50*time.Millisecond, 1)
	address, _ := serve(t, s, nil)
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	slow := dial()
	if _, err := io.WriteString(slow, "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	waiting := dial() // there may be one connection: this one is heard when the slow one is gone
	if _, err := io.WriteString(waiting, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, slow); err != nil {
		t.Errorf("the slow client: %v", err)
	}
	if answer, err := http.ReadResponse(bufio.NewReader(waiting), nil); err != nil || answer.StatusCode != 200 {
		t.Errorf("the client after it: %v, %v", answer, err)
	}
	large := dial()
	// The server may hang up before everything is written.
	_, _ = fmt.Fprintf(large, "GET /health HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	if answer, err := http.ReadResponse(bufio.NewReader(large), nil); err == nil && answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: %s", answer.Status)
	}
}

// TestClosingAnswersPollsAndThenEnds ends a server that holds a poll of five minutes.
func TestClosingAnswersPollsAndThenEnds(t *testing.T) {
	s := server.New(server.Options{})
	publish(t, s, made(t, []string{"a"}))
	address, end := serve(t, s, nil)
	request, err := http.NewRequest(http.MethodGet, "http://"+address+server.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("If-None-Match", get(s, server.Path).Header.Get("ETag"))
	request.Header.Set("Prefer", "wait=300")
	answered := make(chan string, 1)
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer response.Body.Close()
		answered <- response.Status
	}()
	for polls(t, s) < 1 {
		continue
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if got := <-answered; got != "304 Not Modified" {
		t.Errorf("the poll: %s", got)
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("something still listens")
	}
}
