// SPDX-License-Identifier: Apache-2.0

package oci_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/open-policy-agent/opa/v1/logging"
	"github.com/open-policy-agent/opa/v1/sdk"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/file"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"psp2rego/bundles/oci"
	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
)

var plain = oci.Options{PlainHTTP: true}

// serve runs a registry, and gives its host and port. Each request goes through pass first, which may answer it itself.
func serve(t *testing.T, pass func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pass == nil || pass(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func build(t *testing.T, policies ...string) *opa.Bundle {
	t.Helper()
	var stream strings.Builder
	for _, name := range policies {
		stream.WriteString(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"` + name + `"},"spec":{` +
			`"seLinux":{"rule":"RunAsAny"},"runAsUser":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}}`)
	}
	var objects []json.RawMessage
	for dec := json.NewDecoder(strings.NewReader(stream.String())); ; {
		var object json.RawMessage
		if err := dec.Decode(&object); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	data, err := opa.FromObjects(t.Context(), rego.Files, objects, opa.Meta{Dialect: translate.DialectKubernetes})
	if err != nil {
		t.Fatal(err)
	}
	b, err := opa.ReadTarball(data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tarball(t *testing.T, b *opa.Bundle) []byte {
	t.Helper()
	data, err := b.Tarball()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keys gives a key that signs, and the public half in PEM.
func keys(t *testing.T) (opa.SigningKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	signing, err := opa.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	if err != nil {
		t.Fatal(err)
	}
	return signing, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

func TestPullGivesWhatWasPushedByTagAndByDigest(t *testing.T) {
	place := serve(t, nil) + "/policies/psp"
	b := build(t, "a")
	digest, err := oci.Push(t.Context(), place+":v1", tarball(t, b), b.Revision, plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{place + ":v1", place + "@" + digest} {
		got, err := oci.Pull(t.Context(), reference, plain)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, tarball(t, b)) {
			t.Errorf("%s: other bytes", reference)
		}
	}
	again, err := oci.Push(t.Context(), place+":v2", tarball(t, b), b.Revision, plain)
	if err != nil {
		t.Fatal(err)
	}
	if again != digest {
		t.Errorf("the same bundle got digest %s, then %s", digest, again)
	}
}

// TestOPADownloadsAndActivatesIt lets OPA, configured with a service of type oci, take the bundle from the registry.
func TestOPADownloadsAndActivatesIt(t *testing.T) {
	key, public := keys(t)
	host := serve(t, nil)
	b := build(t, "a", "b")
	signed, err := b.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	for tag, data := range map[string][]byte{"signed": tarball(t, signed), "plain": tarball(t, b)} {
		if _, err := oci.Push(t.Context(), host+"/psp:"+tag, data, b.Revision, plain); err != nil {
			t.Fatal(err)
		}
	}
	engine, err := start(t, t.Context(), host, "signed", public)
	if err != nil {
		t.Fatal(err)
	}
	decided, err := engine.Decision(t.Context(), sdk.DecisionOptions{Path: "/lib/psp/policies", Input: map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	if policies := decided.Result.(map[string]any); policies["a"] == nil || policies["b"] == nil {
		t.Errorf("OPA has the policies %v", policies)
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := &refusal{cancel: cancel}
	if _, err := start(t, ctx, host, "plain", public, refused); err == nil || !refused.said("missing .signatures.json") {
		t.Errorf("OPA with a key took an unsigned bundle: %v", err)
	}
}

// start runs OPA until its bundle is active, or ctx has ended.
func start(t *testing.T, ctx context.Context, host, tag, public string, logger ...logging.Logger) (*sdk.OPA, error) {
	t.Helper()
	config, err := json.Marshal(map[string]any{
		"services":              map[string]any{"registry": map[string]any{"url": "http://" + host, "type": "oci"}},
		"bundles":               map[string]any{"psp": map[string]any{"service": "registry", "resource": host + "/psp:" + tag, "signing": map[string]any{"keyid": "k"}}},
		"keys":                  map[string]any{"k": map[string]any{"algorithm": "ES256", "key": public}},
		"persistence_directory": t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	options := sdk.Options{Config: bytes.NewReader(config)}
	for _, l := range logger {
		options.Logger = l
	}
	engine, err := sdk.New(ctx, options)
	if engine != nil {
		t.Cleanup(func() { engine.Stop(context.WithoutCancel(ctx)) })
	}
	return engine, err
}

// refusal is a logger that ends the wait for a bundle when OPA says that it does not take it.
type refusal struct {
	logging.NoOpLogger
	cancel context.CancelFunc
	lock   sync.Mutex
	text   string
}

func (r *refusal) Error(format string, args ...any) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.text += fmt.Sprintf(format, args...)
	r.cancel()
}

func (r *refusal) said(text string) bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	return strings.Contains(r.text, text)
}

func (r *refusal) WithFields(map[string]any) logging.Logger { return r }

func TestWhatIsNoBundleIsNotPulled(t *testing.T) {
	host := serve(t, nil)
	push := func(tag string, types ...string) {
		t.Helper()
		repo, err := remote.NewRepository(host + "/psp")
		if err != nil {
			t.Fatal(err)
		}
		repo.PlainHTTP = true
		config, err := oras.PushBytes(t.Context(), repo, ocispec.MediaTypeImageConfig, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		var layers []ocispec.Descriptor
		for i, layerType := range types {
			layer, err := oras.PushBytes(t.Context(), repo, layerType, []byte{byte(i)})
			if err != nil {
				t.Fatal(err)
			}
			layers = append(layers, layer)
		}
		manifest, err := oras.PackManifest(t.Context(), repo, oras.PackManifestVersion1_1, "", oras.PackManifestOptions{ConfigDescriptor: &config, Layers: layers})
		if err != nil {
			t.Fatal(err)
		}
		if err := repo.Tag(t.Context(), manifest, tag); err != nil {
			t.Fatal(err)
		}
	}
	push("text", "text/plain")
	push("two", ocispec.MediaTypeImageLayerGzip, ocispec.MediaTypeImageLayerGzip)
	for reference, want := range map[string]string{
		host + "/psp:text":  "no layer of type",
		host + "/psp:two":   "2 layers of type",
		host + "/psp:none":  "not found",
		host + "/other:v1":  "not found",
		host + "/psp":       "a tag or a digest is needed",
		host:                "no place in a registry",
		"psp":               "no place in a registry",
		host + "/Upper:v1":  "no place in a registry",
		host + "/psp:a b":   "no place in a registry",
		"127.0.0.1:1/psp:x": "connection refused",
	} {
		if _, err := oci.Pull(t.Context(), reference, plain); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", reference, want, err)
		}
	}
	for _, reference := range []string{host + "/psp", host + "/psp@" + content.NewDescriptorFromBytes("", nil).Digest.String()} {
		if _, err := oci.Push(t.Context(), reference, nil, "", plain); err == nil || !strings.Contains(err.Error(), "a tag is needed") {
			t.Errorf("push %s: %v", reference, err)
		}
	}
	if _, err := oci.Pull(t.Context(), host+"/psp:text", oci.Options{}); err == nil {
		t.Error("HTTPS was not spoken without --plain-http")
	}
}

// TestABlobThatIsNotWhatItsDigestSaysIsRefused lets a registry lie about the bundle's bytes.
func TestABlobThatIsNotWhatItsDigestSaysIsRefused(t *testing.T) {
	for name, lie := range map[string]func([]byte) []byte{
		"tampered":  func(data []byte) []byte { return append([]byte{data[0] ^ 1}, data[1:]...) },
		"truncated": func(data []byte) []byte { return data[:len(data)/2] },
		"longer":    func(data []byte) []byte { return append(data, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			b := build(t, "a")
			data := tarball(t, b)
			blob := content.NewDescriptorFromBytes("", data).Digest.String()
			lying := false
			place := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
				if !lying || r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/blobs/"+blob) {
					return true
				}
				_, _ = w.Write(lie(bytes.Clone(data)))
				return false
			}) + "/psp:v1"
			if _, err := oci.Push(t.Context(), place, data, b.Revision, plain); err != nil {
				t.Fatal(err)
			}
			lying = true
			if _, err := oci.Pull(t.Context(), place, plain); err == nil {
				t.Error("pulled")
			}
		})
	}
}

func TestCredentialsAreSentToTheRegistryThatAsksForThem(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "ci" && password == "s3cret" {
			return true
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
		return false
	})
	b := build(t, "a")
	if _, err := oci.Push(t.Context(), host+"/psp:v1", tarball(t, b), b.Revision, plain); err == nil {
		t.Error("pushed without credentials")
	}
	o := oci.Options{PlainHTTP: true, Credential: auth.StaticCredential(host, auth.Credential{Username: "ci", Password: "s3cret"})}
	if _, err := oci.Push(t.Context(), host+"/psp:v1", tarball(t, b), b.Revision, o); err != nil {
		t.Fatal(err)
	}
	if _, err := oci.Pull(t.Context(), host+"/psp:v1", o); err != nil {
		t.Error(err)
	}
}

// What ORAS clients, gator among them, unpack of a folder are its files.
func TestFoldersAreUnpacked(t *testing.T) {
	host := serve(t, nil)
	b := build(t, "a")
	digest, err := oci.PushFolder(t.Context(), host+"/psp:v1", tarball(t, &opa.Bundle{Files: b.Files[:1]}), b.Revision, plain)
	if err != nil || digest == "" {
		t.Fatal(digest, err)
	}
	repo, err := remote.NewRepository(host + "/psp")
	if err != nil {
		t.Fatal(err)
	}
	repo.PlainHTTP = true
	dir := t.TempDir()
	store, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := oras.Copy(t.Context(), repo, "v1", store, "", oras.DefaultCopyOptions); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, b.Files[0].Path)); err != nil || !bytes.Equal(got, b.Files[0].Data) {
		t.Errorf("%q, %v", got, err)
	}
}
