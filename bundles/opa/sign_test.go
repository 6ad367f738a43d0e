// SPDX-License-Identifier: Apache-2.0

package opa_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/open-policy-agent/opa/v1/keys"

	"psp2rego/bundles/opa"
	pspr "psp2rego/rego"
	"psp2rego/translate"
)

// keyPair is a private and a public key in PEM.
type keyPair struct{ private, public []byte }

func pair(t testing.TB, key crypto.Signer) keyPair {
	t.Helper()
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
	}
}

// keyOf makes a key of each kind once: RSA takes its time.
var keyOf = sync.OnceValue(func() map[string]crypto.Signer {
	r, errR := rsa.GenerateKey(rand.Reader, 2048)
	e, errE := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, d, errD := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(errR, errE, errD); err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"RS256": r, "ES256": e, "EdDSA": d}
})

func signingKey(t testing.TB, algorithm string) opa.SigningKey {
	t.Helper()
	key, err := opa.ParseSigningKey(pair(t, keyOf()[algorithm]).private)
	if err != nil {
		t.Fatal(err)
	}
	if key.Algorithm() != algorithm {
		t.Fatalf("signs by %s, want %s", key.Algorithm(), algorithm)
	}
	return key
}

func verificationKey(t testing.TB, algorithm string) opa.VerificationKey {
	t.Helper()
	key, err := opa.ParseVerificationKey(pair(t, keyOf()[algorithm]).public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, tarball []byte, key opa.SigningKey) []byte {
	t.Helper()
	out, err := opa.Sign(tarball, key)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// whole is a bundle with the whole library in it.
func whole(t *testing.T) []byte {
	t.Helper()
	b, err := opa.Build(pspr.Files, output("a"), opa.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	return tarball(t, b)
}

func TestASignatureVerifiesWithItsKeyAndScopeAlone(t *testing.T) {
	plain := tarball(t, build(t, "a", "b"))
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			key := signingKey(t, algorithm)
			key.ID, key.Scope = "release", "write"
			out := signed(t, plain, key)
			good := verificationKey(t, algorithm)
			good.Scope = "write"
			named := good
			named.ID = "release"
			for _, k := range []opa.VerificationKey{good, named} {
				if err := opa.Verify(out, k); err != nil {
					t.Errorf("id %q: %v", k.ID, err)
				}
			}
			otherID, otherScope, noScope := named, good, good
			otherID.ID, otherScope.Scope, noScope.Scope = "other", "read", ""
			otherKey := verificationKey(t, map[string]string{"RS256": "ES256", "ES256": "EdDSA", "EdDSA": "RS256"}[algorithm])
			otherKey.Scope = "write"
			for want, k := range map[string]opa.VerificationKey{
				"verification key corresponding to ID release not found": otherID, "scope mismatch": otherScope, "failed to verify JWT": otherKey,
			} {
				if err := opa.Verify(out, k); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("want %q, got %v", want, err)
				}
			}
			if err := opa.Verify(out, noScope); err == nil {
				t.Error("a signature for a scope counts for none")
			}
			if err := opa.Verify(plain, good); err == nil || !strings.Contains(err.Error(), "missing .signatures.json") {
				t.Errorf("an unsigned bundle: %v", err)
			}
		})
	}
}

func TestSigningAgainReplacesTheSignature(t *testing.T) {
	plain := tarball(t, build(t, "a"))
	first := signed(t, plain, signingKey(t, "RS256"))
	if again := signed(t, plain, signingKey(t, "RS256")); !bytes.Equal(first, again) {
		t.Error("RSA signs the same bundle to other bytes")
	}
	second := signed(t, first, signingKey(t, "EdDSA"))
	if err := opa.Verify(second, verificationKey(t, "EdDSA")); err != nil {
		t.Error(err)
	}
	if err := opa.Verify(second, verificationKey(t, "RS256")); err == nil {
		t.Error("the first signature is still there")
	}
	if want := signed(t, plain, signingKey(t, "EdDSA")); !bytes.Equal(want, second) {
		t.Error("the first signature left a trace")
	}
}

// repacked is the tarball with its files changed, and nothing else made anew.
func repacked(t *testing.T, data []byte, change func([]translate.File) []translate.File) []byte {
	t.Helper()
	b, err := opa.ReadTarball(data)
	if err != nil {
		t.Fatal(err)
	}
	b.Files = change(b.Files)
	return tarball(t, b)
}

func at(files []translate.File, path string) int {
	return slices.IndexFunc(files, func(f translate.File) bool { return f.Path == path })
}

func TestATamperedBundleDoesNotVerify(t *testing.T) {
	good := signed(t, tarball(t, build(t, "a")), signingKey(t, "ES256"))
	changes := map[string]struct {
		change func([]translate.File) []translate.File
		want   string
	}{
		"an edited module": {func(files []translate.File) []translate.File {
			files[at(files, policyA)].Data = []byte("package lib.psp.policies[\"a\"]\n\naccepts := false\n")
			return files
		}, policyA + ": digest mismatch"},
		"edited grants": {func(files []translate.File) []translate.File {
			files[at(files, "lib/psp/grants/data.json")].Data = []byte(`{"users":{},"groups":{"system:authenticated":{"cluster":["*"]}}}`)
			return files
		}, "grants/data.json: digest mismatch"},
		"an edited manifest": {func(files []translate.File) []translate.File {
			files[0].Data = bytes.Replace(files[0].Data, []byte(`"system/main"`), []byte(`"system/main2"`), 1)
			return files
		}, ".manifest: digest mismatch"},
		"a module more": {func(files []translate.File) []translate.File {
			return append(files, translate.File{Path: "lib/psp/policies/z.rego", Data: []byte("package lib.psp.policies.z\n")})
		}, "not included in bundle signature"},
		"a module less": {func(files []translate.File) []translate.File {
			return slices.Delete(files, at(files, policyA), at(files, policyA)+1)
		}, "not found in the target bundle"},
		"a README more": {func(files []translate.File) []translate.File {
			return append(files, translate.File{Path: "psp/README.md", Data: []byte("hello")})
		}, "not included in bundle signature"},
		"no signature": {func(files []translate.File) []translate.File {
			return slices.Delete(files, 1, 2)
		}, "missing .signatures.json"},
		"a signature of nothing": {func(files []translate.File) []translate.File {
			files[1].Data = []byte(`{"signatures": []}`)
			return files
		}, ".signatures.json: missing JWT"},
	}
	for name, tc := range changes {
		t.Run(name, func(t *testing.T) {
			bad := repacked(t, good, tc.change)
			if err := opa.Verify(bad, verificationKey(t, "ES256")); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("want %q, got %v", tc.want, err)
			}
		})
	}
	for _, size := range []int{0, 1, 20, len(good) / 2, len(good) - 1} {
		if err := opa.Verify(good[:size], verificationKey(t, "ES256")); err == nil {
			t.Errorf("the first %d of %d bytes: verified", size, len(good))
		}
	}
}

func TestABundleThatWasChangedIsNotSigned(t *testing.T) {
	bad := repacked(t, tarball(t, build(t, "a")), func(files []translate.File) []translate.File {
		files[at(files, policyA)].Data = []byte("package edited\n")
		return files
	})
	var conflict *opa.ConflictError
	if _, err := opa.Sign(bad, signingKey(t, "EdDSA")); !errors.As(err, &conflict) || conflict.Changes[0].Path != policyA {
		t.Errorf("got %v", err)
	}
}

func TestKeysThatCannotServeAreRefusedWithTheReason(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte{1}}) }
	e := pair(t, keyOf()["ES256"])
	for name, tc := range map[string]struct {
		data                []byte
		signing, verifiying string
	}{
		"nothing":      {nil, "no key in PEM", "no key in PEM"},
		"text":         {[]byte("secret"), "no key in PEM", "no key in PEM"},
		"a public key": {e.public, "a private key is needed to sign, and this is a public key", ""},
		"private key":  {e.private, "", "a public key is needed to verify, and this is a private key"},
		"a small key":  {pair(t, small).private, "RSA of at least 2048 bits", "a public key is needed"},
		"small public": {pair(t, small).public, "a private key is needed", "RSA of at least 2048 bits"},
		"P-384":        {pair(t, p384).private, "P-256", "a public key is needed"},
		"garbage":      {block("PRIVATE KEY"), "cannot be read", "a public key is needed"},
		"no public":    {block("PUBLIC KEY"), "a private key is needed", "cannot be read"},
		"a passphrase": {block("ENCRYPTED PRIVATE KEY"), "protected by a passphrase", "protected by a passphrase"},
	} {
		_, signing := opa.ParseSigningKey(tc.data)
		_, verifying := opa.ParseVerificationKey(tc.data)
		for want, err := range map[string]error{tc.signing: signing, tc.verifiying: verifying} {
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s: want %q, got %v", name, want, err)
			}
		}
	}
	if _, err := opa.Sign(tarball(t, build(t, "a")), opa.SigningKey{}); err == nil {
		t.Error("signed without a key")
	}
	if err := opa.Verify(tarball(t, build(t, "a")), opa.VerificationKey{}); err == nil {
		t.Error("verified without a key")
	}
}

// TestKeysComeInTheFormsThatToolsWrite reads what openssl and Go write besides PKCS #8.
func TestKeysComeInTheFormsThatToolsWrite(t *testing.T) {
	r, e := keyOf()["RS256"].(*rsa.PrivateKey), keyOf()["ES256"].(*ecdsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(e)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, data []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}) }
	plain := tarball(t, build(t, "a"))
	for algorithm, private := range map[string][]byte{
		"RS256": encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)),
		"ES256": slices.Concat([]byte("# a key\n"), encode("EC PARAMETERS", []byte{6, 1, 1}), encode("EC PRIVATE KEY", sec1)),
	} {
		key, err := opa.ParseSigningKey(private)
		if err != nil {
			t.Fatal(err)
		}
		if err := opa.Verify(signed(t, plain, key), verificationKey(t, algorithm)); err != nil {
			t.Error(err)
		}
	}
	key, err := opa.ParseVerificationKey(encode("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&r.PublicKey)))
	if err != nil {
		t.Fatal(err)
	}
	if err := opa.Verify(signed(t, plain, signingKey(t, "RS256")), key); err != nil {
		t.Error(err)
	}
}

// TestOPAsToolsTakeASignedBundle runs OPA's own commands on a bundle that we signed.
func TestOPAsToolsTakeASignedBundle(t *testing.T) {
	folder := t.TempDir()
	review := filepath.Join(folder, "review.json")
	edit(t, review, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`)
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		name, key := filepath.Join(folder, algorithm+".tar.gz"), filepath.Join(folder, algorithm+".pem")
		edit(t, name, string(signed(t, tarball(t, build(t, "a")), signingKey(t, algorithm))))
		edit(t, key, string(pair(t, keyOf()[algorithm]).public))
		other := filepath.Join(folder, map[string]string{"RS256": "other.pem", "ES256": "RS256.pem", "EdDSA": "ES256.pem"}[algorithm])
		edit(t, filepath.Join(folder, "other.pem"), string(otherRSA(t)))
		// Without --server it ends with its input.
		if out, err := opaTool(t, "run", "--skip-version-check", "-b", name, "--verification-key", key, "--signing-alg", algorithm); err != nil {
			t.Errorf("%s: opa run: %v\n%s", algorithm, err, out)
		}
		bad := []string{"run", "--skip-version-check", "-b", name, "--verification-key", other, "--signing-alg", algorithm}
		if out, err := opaTool(t, bad...); err == nil {
			t.Errorf("%s: opa %v took another key\n%s", algorithm, bad, out)
		}
	}
	name := filepath.Join(folder, "whole.tar.gz")
	edit(t, name, string(signed(t, whole(t), signingKey(t, "RS256"))))
	for _, args := range [][]string{
		{"inspect", "-a", name}, {"test", "-b", name, "--run", "privileged_test", "--timeout", "60s", "--fail-on-empty"}, {"eval", "-b", name, "-i", review, "--fail", "data.psp.validate.response"},
	} {
		if out, err := opaTool(t, args...); err != nil {
			t.Errorf("opa %v: %v\n%s", args, err, out)
		}
	}
	// A configuration file names keys, too, and there OPA knows fewer algorithms than on its command line.
	if keys.IsSupportedAlgorithm("EdDSA") {
		t.Error("OPA takes EdDSA in its configuration now: docs/bundle.md says that it does not")
	}
}

func otherRSA(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return pair(t, key).public
}

func opaTool(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"tool", "opa"}, args...)...)
	return cmd.CombinedOutput()
}
