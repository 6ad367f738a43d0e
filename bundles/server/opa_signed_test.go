// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/open-policy-agent/opa/v1/bundle"

	"psp2rego/bundles/server"
)

// TestAnOPAThatDemandsASignatureRefusesWhatHasNone serves an unsigned bundle, a signed one, one with another's signature, one
// that is cut off, and a signed one again.
func TestAnOPAThatDemandsASignatureRefusesWhatHasNone(t *testing.T) {
	a := newAuthority(t)
	a.issue("signer", 0, 1e13)
	public, err := os.ReadFile(a.file("signer.pem"))
	if err != nil {
		t.Fatal(err)
	}
	k := &signer{key: a.file("signer.key")}
	mode := k.plain
	s := server.New(server.Options{
		Deltas: true, // and yet none are sent
		Sign:   func(ctx context.Context, tarball []byte) ([]byte, error) { return mode(ctx, tarball) },
	})
	w := watch(s.Handler())
	front := httptest.NewServer(w)
	t.Cleanup(front.Close) // after OPA has ended
	publish(t, s, made(t, []string{"p"}, "jeff"))
	config := services(front.URL, nil, map[string]any{"signing": map[string]any{"keyid": "k"}})
	config["keys"] = map[string]any{"k": map[string]any{"key": string(public), "algorithm": "ES256"}}
	p := startOPA(t, config, nil)
	w.again(t)
	if got, err := p.ask("validate", "jeff"); err == nil {
		t.Errorf("an unsigned bundle decided: %v", got)
	}

	mode = k.signed
	good := made(t, []string{"p"}, "anna")
	publish(t, s, good)
	w.active(t, good.Revision)
	for name, bad := range map[string]func(context.Context, []byte) ([]byte, error){"unsigned": k.plain, "forged": k.forged, "cut off": k.cut} {
		mode = bad
		publish(t, s, made(t, []string{"p"}, name))
		w.again(t)
		if got, err := p.ask("validate", "anna"); err != nil || !got.Allowed {
			t.Errorf("%s: the good revision decides no longer: %v %v", name, got, err)
		}
		if got, err := p.ask("validate", name); err != nil || got.Allowed {
			t.Errorf("%s: the bad revision decides: %v %v", name, got, err)
		}
	}
	mode = k.signed
	better := made(t, []string{"p"}, "bob")
	publish(t, s, better)
	w.active(t, better.Revision)
	if got, err := p.ask("validate", "bob"); err != nil || !got.Allowed {
		t.Errorf("the next good revision: %v %v", got, err)
	}
}

// signer treats tarballs in good and bad ways.
type signer struct {
	key  string
	last bundle.SignaturesConfig // the last signature
}

func (k *signer) plain(_ context.Context, tarball []byte) ([]byte, error) { return tarball, nil }

func (k *signer) signed(_ context.Context, tarball []byte) ([]byte, error) {
	b, err := bundle.NewReader(bytes.NewReader(tarball)).Read()
	if err != nil {
		return nil, err
	}
	if err := b.GenerateSignature(bundle.NewSigningConfig(k.key, "ES256", ""), "k", false); err != nil {
		return nil, err
	}
	k.last = b.Signatures
	return packed(b)
}

// forged gives a tarball the signature of another.
func (k *signer) forged(_ context.Context, tarball []byte) ([]byte, error) {
	b, err := bundle.NewReader(bytes.NewReader(tarball)).Read()
	if err != nil {
		return nil, err
	}
	b.Signatures = k.last
	return packed(b)
}

func (k *signer) cut(ctx context.Context, tarball []byte) ([]byte, error) {
	whole, err := k.signed(ctx, tarball)
	return whole[:len(whole)/2], err
}

func packed(b bundle.Bundle) ([]byte, error) {
	var out bytes.Buffer
	err := bundle.NewWriter(&out).Write(b)
	return out.Bytes(), err
}
