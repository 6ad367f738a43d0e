// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
	"psp2rego/verify"
	"psp2rego/verify/protocol"
)

// exampleSources are the policies of MKE, of which jeff may use one.
func exampleSources() []manifest.Source {
	var sources []manifest.Source
	for _, name := range []string{"base/policies.yaml", "base/roles.yaml", "page/unprivileged-jeff.yaml"} {
		sources = append(sources, manifest.Source{Name: name, FS: os.DirFS("../testdata/mke"), Path: name})
	}
	return sources
}

func exampleObjects(ctx context.Context) []json.RawMessage {
	cluster, diagnostics, err := translate.Load(ctx, exampleSources())
	if err != nil || cluster == nil {
		log.Fatalf("not loaded: %v\n%s", err, diagnostics)
	}
	return cluster.Objects
}

// toBundle is the verify.Translate that makes what psp2rego would make.
func toBundle(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
	return opa.FromObjects(ctx, rego.Files, objects, opa.Meta{Dialect: dialect})
}

// A loaded bundle decides requests as OPA does behind a webhook, and applies the patch.
func ExampleLoadBundle() {
	ctx := context.Background()
	tarball, err := toBundle(ctx, exampleObjects(ctx), translate.DialectKubernetes)
	if err != nil {
		log.Fatal(err)
	}
	engine, err := verify.LoadBundle(ctx, tarball)
	if err != nil {
		log.Fatal(err)
	}
	verdict, err := engine.Evaluate(ctx, verify.Mutate, &protocol.Request{
		Operation: "CREATE", Namespace: "default", Resource: protocol.Pods(), Kind: protocol.PodKind(),
		UserInfo: protocol.UserInfo{Username: "jeff", Groups: []string{"system:authenticated"}},
		Object: json.RawMessage(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "default"},
			"spec": {"containers": [{"name": "web", "image": "nginx"}]}}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("allowed:", verdict.Allowed, "by", verdict.Policy)
	fmt.Println(string(verdict.Patch))
	// Output:
	// allowed: true by unprivileged
	// [{"op":"add","path":"/metadata/annotations","value":{"kubernetes.io/psp":"unprivileged"}},{"op":"add","path":"/spec/containers/0/securityContext","value":{"allowPrivilegeEscalation":false}}]
}

// Run puts the same generated requests to the real admission plugin, which psp2rego-native runs, and to the bundle.
func ExampleRun() {
	ctx := context.Background()
	native := os.Getenv("PSP2REGO_NATIVE")
	if native == "" {
		fmt.Println("PSP2REGO_NATIVE has to name the evaluator that make native builds")
		return
	}
	report, err := verify.Run(ctx, verify.Options{
		Native:    verify.NativeCommand{Path: native},
		Translate: toBundle,
		Objects:   exampleObjects(ctx),
		Cases:     500,
		Seed:      1,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("equivalent:", report.Outcome() == verify.Equivalent)
	fmt.Println("native is", report.Native)
	// Output:
	// equivalent: true
	// native is v1.24.17
}
