// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"psp2rego/bundles/opa"
	"psp2rego/bundles/server"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

// authority issues certificates for a test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &authority{key: newKey(t)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = block("CERTIFICATE", der)
	return a
}

// issue gives certificate and key of a server of these names, and of 127.0.0.1.
func (a *authority) issue(t *testing.T, names ...string) (certificate, private []byte) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der), privatePEM(t, key)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func privatePEM(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("EC PRIVATE KEY", der)
}

func publicPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PUBLIC KEY", der)
}

// verification is the public half of a key.
func verification(t *testing.T, key any) *opa.VerificationKey {
	t.Helper()
	k, err := opa.ParseVerificationKey(publicPEM(t, key))
	if err != nil {
		t.Fatal(err)
	}
	k.Scope = scope
	return &k
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// token is what the bundle's server wants to be shown, and scope what bundles are signed for.
const token, scope = "let-me-in", "production"

// serveBundle is what psp2rego bundle serve does, over TLS and for whoever shows the token; it counts the requests.
func serveBundle(t *testing.T, a *authority, bundle *opa.Bundle) (source *httptest.Server, asked *atomic.Int64) {
	t.Helper()
	serving := server.New(server.Options{Token: func() (string, error) { return token, nil }})
	if _, err := serving.Publish(t.Context(), bundle); err != nil {
		t.Fatal(err)
	}
	asked = &atomic.Int64{}
	source = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		serving.Handler().ServeHTTP(w, r)
	}))
	certificate, key := a.issue(t)
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	source.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	source.StartTLS()
	t.Cleanup(source.Close)
	return source, asked
}

// packed translates the files of testdata/mke and packs them, signed if there is a key.
func packed(t *testing.T, key *ecdsa.PrivateKey, meta opa.Meta, names ...string) *opa.Bundle {
	t.Helper()
	sources := make([]manifest.Source, len(names))
	for i, name := range names {
		sources[i] = manifest.Source{Name: name, FS: os.DirFS("../../testdata/mke"), Path: name}
	}
	cluster, list, err := translate.Load(t.Context(), sources)
	if err != nil || cluster == nil {
		t.Fatalf("%v %v", err, list)
	}
	out, err := translate.Compile(t.Context(), cluster, translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	built, err := opa.Build(rego.Files, out, meta)
	if err != nil {
		t.Fatal(err)
	}
	if key == nil {
		return built
	}
	signing, err := opa.ParseSigningKey(privatePEM(t, key))
	if err != nil {
		t.Fatal(err)
	}
	signing.ID, signing.Scope = "release", scope
	signed, err := built.Sign(signing)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// freeAddress is one of this machine on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// within bounds what waits for another process.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
