// SPDX-License-Identifier: Apache-2.0

package opa_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"os"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/rego"

	"psp2rego/bundles/opa"
	pspr "psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

// exampleSources are the policies of MKE, of which jeff may use one.
func exampleSources() []manifest.Source {
	var sources []manifest.Source
	for _, name := range []string{"base/policies.yaml", "base/roles.yaml", "page/unprivileged-jeff.yaml"} {
		sources = append(sources, manifest.Source{Name: name, FS: os.DirFS("../../testdata/mke"), Path: name})
	}
	return sources
}

// buildExample goes all the way from manifests to a tarball.
func buildExample(ctx context.Context) ([]byte, error) {
	cluster, diagnostics, err := translate.Load(ctx, exampleSources())
	if err != nil || cluster == nil {
		return nil, fmt.Errorf("not loaded (%w):\n%s", err, diagnostics)
	}
	out, err := translate.Compile(ctx, cluster, translate.Options{})
	if err != nil {
		return nil, err
	}
	meta := opa.Meta{Version: "example", Dialect: translate.DialectKubernetes}
	built, err := opa.Build(pspr.Files, out, meta)
	if err != nil {
		return nil, err
	}
	return built.Tarball()
}

// A bundle is asked with a whole AdmissionReview, and answers with one. Nothing of psp2rego is needed for that: OPA's own
// packages load the bundle.
func ExampleBuild() {
	ctx := context.Background()
	tarball, err := buildExample(ctx)
	if err != nil {
		log.Fatal(err)
	}

	loaded, err := bundle.NewReader(bytes.NewReader(tarball)).Read()
	if err != nil {
		log.Fatal(err)
	}
	query, err := rego.New(rego.Query("data.psp.mutate.response"), rego.ParsedBundle("psp", &loaded)).PrepareForEval(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, privileged := range []bool{false, true} {
		results, err := query.Eval(ctx, rego.EvalInput(exampleReview(privileged)))
		if err != nil {
			log.Fatal(err)
		}
		response := results[0].Expressions[0].Value.(map[string]any)
		fmt.Println("allowed:", response["allowed"])
		if response["allowed"] == true {
			fmt.Println(response["auditAnnotations"])
		} else {
			fmt.Println(response["status"].(map[string]any)["message"])
		}
	}
	// Output:
	// allowed: true
	// map[admit-policy:unprivileged]
	// allowed: false
	// PodSecurityPolicy: unable to admit pod: [spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed]
}

func exampleReview(privileged bool) any {
	text := fmt.Sprintf(`{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
		"uid": "1", "operation": "CREATE", "namespace": "default", "name": "web",
		"kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
		"userInfo": {"username": "jeff", "groups": ["system:authenticated"]},
		"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "default"},
			"spec": {"containers": [{"name": "web", "image": "nginx", "securityContext": {"privileged": %t}}]}}}}`, privileged)
	var review any
	if err := json.Unmarshal([]byte(text), &review); err != nil {
		log.Fatal(err)
	}
	return review
}

// A signed bundle verifies with the public half of its key, and with no other.
func ExampleSign() {
	tarball, err := buildExample(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	private, public := examplePair("a seed of exactly thirty-two byte")
	_, other := examplePair("another one of thirty-two bytes..")

	key, err := opa.ParseSigningKey(private)
	if err != nil {
		log.Fatal(err)
	}
	key.ID, key.Scope = "release", "production"
	signed, err := opa.Sign(tarball, key)
	if err != nil {
		log.Fatal(err)
	}
	for _, data := range [][]byte{public, other} {
		verifying, err := opa.ParseVerificationKey(data)
		if err != nil {
			log.Fatal(err)
		}
		verifying.Scope = "production"
		fmt.Println("verifies:", opa.Verify(signed, verifying) == nil)
	}
	b, err := opa.ReadTarball(signed)
	if err != nil {
		log.Fatal(err)
	}
	found, err := b.Inspect()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Policies, found.Grants, *found.Signature)
	// Output:
	// verifies: true
	// verifies: false
	// [privileged unprivileged] {1 1 2} {EdDSA release production}
}

func examplePair(seed string) (private, public []byte) {
	key := ed25519.NewKeyFromSeed([]byte(seed)[:ed25519.SeedSize])
	privateDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		log.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		log.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
}
