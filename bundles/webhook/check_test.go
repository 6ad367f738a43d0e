// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"psp2rego/bundles/webhook"
)

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	a := newAuthority(t)
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := privatePEM(t, newKey(t))
	for name, tc := range map[string]struct {
		change func(*webhook.Options)
		want   string
	}{
		"name":              {func(o *webhook.Options) { o.Name = "1psp" }, `name "1psp": want a DNS label that begins with a letter, of at most 50 characters`},
		"long name":         {func(o *webhook.Options) { o.Name = strings.Repeat("a", 51) }, "of at most 50 characters"},
		"namespace":         {func(o *webhook.Options) { o.Namespace = "a.b" }, `namespace "a.b": want a DNS label`},
		"exempt namespace":  {func(o *webhook.Options) { o.ExemptNamespaces = []string{"kube-*"} }, `namespace "kube-*": want a DNS label`},
		"TLS secret":        {func(o *webhook.Options) { o.TLSSecret, o.CABundle = "A", a.pem }, `secret "A": want a DNS name`},
		"token secret":      {func(o *webhook.Options) { o.BundleTokenSecret = "a/b" }, `secret "a/b": want a DNS name`},
		"no bundle":         {func(o *webhook.Options) { o.BundleURL = "" }, "no bundle to pull: name its URL"},
		"no URL":            {func(o *webhook.Options) { o.BundleURL = "https://a b/c" }, "bundle: parse"},
		"no host":           {func(o *webhook.Options) { o.BundleURL = "https:///psp" }, "bundle https:///psp: want https://HOST/PATH"},
		"a path alone":      {func(o *webhook.Options) { o.BundleURL = "bundle.tar.gz" }, "bundle bundle.tar.gz: want https://HOST/PATH"},
		"another scheme":    {func(o *webhook.Options) { o.BundleURL = "file:///psp" }, "want https://HOST/PATH"},
		"no path":           {func(o *webhook.Options) { o.BundleURL = "https://host/" }, "bundle https://host/: names a server, but no bundle on it"},
		"password":          {func(o *webhook.Options) { o.BundleURL = "https://me:secret@host/psp" }, "bundle https://me:xxxxx@host/psp: a password would stand in a ConfigMap; keep a token in a Secret"},
		"fragment":          {func(o *webhook.Options) { o.BundleURL += "#x" }, "no server is told what stands behind #"},
		"no TLS, no key":    {func(o *webhook.Options) { o.BundleURL = "http://host/psp" }, "without TLS anybody on the way could replace the policies"},
		"no TLS, and token": {func(o *webhook.Options) { noTLS(t, o); o.BundleTokenSecret = "token" }, "a CA and a token need https"},
		"no TLS, and CA":    {func(o *webhook.Options) { noTLS(t, o); o.BundleCA = a.pem }, "a CA and a token need https"},
		"bundle CA":         {func(o *webhook.Options) { o.BundleCA = []byte("x") }, "bundle CA: not PEM, or something beside it"},
		"empty bundle CA":   {func(o *webhook.Options) { o.BundleCA = []byte("\n") }, "bundle CA: holds no certificate"},
		"secret without CA": {func(o *webhook.Options) { o.TLSSecret = "opa-tls" }, "needs the CA bundle that vouches for it"},
		"CA without secret": {func(o *webhook.Options) { o.CABundle = a.pem }, "a CA bundle goes with a TLS secret"},
		"a key in the CA bundle": {
			func(o *webhook.Options) {
				o.TLSSecret, o.CABundle = "opa-tls", append(a.pem[:len(a.pem):len(a.pem)], private...)
			},
			"CA bundle: holds a EC PRIVATE KEY; only certificates belong there",
		},
		"text in the CA bundle": {
			func(o *webhook.Options) {
				o.TLSSecret, o.CABundle = "opa-tls", append(a.pem[:len(a.pem):len(a.pem)], "x"...)
			},
			"CA bundle: not PEM, or something beside it",
		},
		"no certificate in the CA bundle": {
			func(o *webhook.Options) { o.TLSSecret, o.CABundle = "opa-tls", block("CERTIFICATE", []byte("x")) }, "CA bundle: certificate 1: ",
		},
		"EdDSA": {func(o *webhook.Options) { o.VerificationKey = verification(t, edwards) }, "OPA's configuration knows no Ed25519 keys"},
	} {
		o := webhook.Options{BundleURL: url}
		tc.change(&o)
		if files, err := webhook.Manifests(o); err == nil || !strings.Contains(err.Error(), tc.want) || files != nil {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}

func noTLS(t *testing.T, o *webhook.Options) {
	t.Helper()
	o.BundleURL, o.VerificationKey = "http://host/psp", verification(t, &newKey(t).PublicKey)
}

func TestTheKeySaysHowABundleIsSigned(t *testing.T) {
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range map[string]any{"RS256": &pair.PublicKey, "ES256": &newKey(t).PublicKey} {
		set := build(t, webhook.Options{BundleURL: "http://host/psp", VerificationKey: verification(t, key)})
		if text := set.settings.Data["opa.yaml"]; !strings.Contains(text, "algorithm: "+algorithm) || !strings.Contains(text, "keyid: psp") || !strings.Contains(text, "scope: "+scope) {
			t.Errorf("%s: %s", algorithm, text)
		}
	}
}
