// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// flowLimit lets everything through, and counts.
type flowLimit struct{ n int }

func (l *flowLimit) Wait(context.Context) error { l.n++; return nil }
func (l *flowLimit) TryAccept() bool            { return true }
func (l *flowLimit) Accept()                    {}
func (l *flowLimit) Stop()                      {}
func (l *flowLimit) QPS() float32               { return 0 }

func tell(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error is %v, without %q", err, word)
		}
	}
}

// certificate is one for 127.0.0.1 that was valid until then.
func certificate(t *testing.T, until time.Time) (tls.Certificate, []byte, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, cert, keyPEM
}

func TestAServerThatIsNotThere(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := Open(t.Context(), Options{Config: &rest.Config{Host: gone.URL}})
	tell(t, err, "API server "+gone.URL+" does not answer", "refused")
}

func TestAServerWhoseCertificateHasExpired(t *testing.T) {
	pair, cert, _ := certificate(t, time.Now().Add(-time.Hour))
	front := httptest.NewUnstartedServer(newFake(t))
	front.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.StartTLS()
	t.Cleanup(front.Close)
	_, err := Open(t.Context(), Options{Config: &rest.Config{Host: front.URL, TLSClientConfig: rest.TLSClientConfig{CAData: cert}}})
	tell(t, err, "its certificate has expired")
}

func TestCredentialsThatAreNotTaken(t *testing.T) {
	f := newFake(t)
	f.instead = func(w http.ResponseWriter, _ *http.Request) bool {
		status(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized")
		return true
	}
	config := f.serve()
	_, err := Open(t.Context(), Options{Config: config})
	tell(t, err, "does not accept your credentials (401 Unauthorized)", "token that has expired")
	until := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	_, config.CertData, config.KeyData = certificate(t, until)
	_, err = Open(t.Context(), Options{Config: config})
	tell(t, err, "your client certificate has expired on 2020-02-03 04:05:06")
}

func TestImpersonationThatIsNotAllowed(t *testing.T) {
	for _, resource := range []string{"users", "groups", "serviceaccounts"} {
		f := newFake(t)
		f.forbidden = map[string]bool{resource: true}
		_, err := Open(t.Context(), Options{Config: f.serve()})
		tell(t, err, "you may not impersonate "+resource, "ClusterRole")
	}
}

func TestWhatOpeningReadsHasToBeReadable(t *testing.T) {
	for _, path := range []string{"/version", accessReviews, "/apis/policy/v1beta1", namespacesPath, "/api/v1/serviceaccounts"} {
		f := newFake(t)
		f.instead = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == path {
				status(w, http.StatusForbidden, "Forbidden", "not for you")
			}
			return r.URL.Path == path
		}
		_, err := Open(t.Context(), Options{Config: f.serve()})
		tell(t, err, path, "403", "not for you")
	}
	f := newFake(t)
	f.version = "nonsense"
	_, err := Open(t.Context(), Options{Config: f.serve()})
	tell(t, err, `"nonsense"`)
}

func TestAServerWithoutPolicies(t *testing.T) {
	f := newFake(t)
	f.policies, f.version = false, "v1.36.3+k3s1"
	s := f.open(Options{})
	if s.Native || s.Minor != 36 {
		t.Errorf("native %t, minor %d", s.Native, s.Minor)
	}
}

func TestAnswersThatEndARun(t *testing.T) {
	for _, tc := range []struct {
		name            string
		code            int
		reason, message string
		want            string
	}{
		{"a webhook with side effects", 400, "BadRequest", `admission webhook "x.example.com" does not support dry run`, "sideEffects"},
		{"a webhook that is down", 500, "InternalError", `Internal error occurred: failed calling webhook "psp"`, "failed calling webhook"},
		{"a server that stops", 503, "ServiceUnavailable", "apiserver is shutting down", "shutting down"},
		{"one name that may not be used", 403, "Forbidden", `users "jeff" is forbidden: User "me" cannot impersonate resource "users"`, "act as others"},
		{"credentials that expire", 401, "Unauthorized", "Unauthorized", "401"},
		{"no pod", 200, "", "", "no pod"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(t)
			f.pods = func(w http.ResponseWriter, _ *http.Request) { status(w, tc.code, tc.reason, tc.message) }
			_, err := f.open(Options{}).Create(t.Context(), creation("default", "default"))
			tell(t, err, tc.want)
		})
	}
}

func TestAPluginThatIsOffIsNoticed(t *testing.T) {
	f := newFake(t)
	f.pods = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"kind":"Pod","metadata":{"name":"web"}}`))
	}
	_, err := f.open(Options{}).Create(t.Context(), creation("default", "default"))
	tell(t, err, "PodSecurityPolicy is off")
}

// busy answers 429 so many times.
func busy(times int, after string) (http.HandlerFunc, *int) {
	asked := 0
	return func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked <= times {
			w.Header().Set("Retry-After", after)
			http.Error(w, "Too many requests, please try again later.", http.StatusTooManyRequests)
			return
		}
		echo(w, r)
	}, &asked
}

func TestABusyServerIsAskedAgainWithinBounds(t *testing.T) {
	for _, tc := range []struct {
		name  string
		times int
		after string
		asked int
		want  string // of the error
	}{
		{"for a while", maxTries - 1, "0", maxTries, ""},
		{"for ever", 1000, "0", maxTries, "refused 10 times in a row: Too many requests"},
		{"for an hour", 1000, "3600", 1, "wants to be asked again in 1h0m0s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(t)
			var asked *int
			f.pods, asked = busy(tc.times, tc.after)
			said, err := f.open(Options{}).Create(t.Context(), creation("default", "default"))
			if tc.want != "" {
				tell(t, err, tc.want, "--rate")
			} else if err != nil || !said.Allowed {
				t.Errorf("%+v, %v", said, err)
			}
			if *asked != tc.asked {
				t.Errorf("asked %d times", *asked)
			}
		})
	}
}

func TestAnEndedContextEndsTheAsking(t *testing.T) {
	f := newFake(t)
	s := f.open(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	f.pods = func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	if _, err := s.Create(ctx, creation("default", "default")); err == nil || ctx.Err() == nil {
		t.Errorf("the error is %v", err)
	}
}
