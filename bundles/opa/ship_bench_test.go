// SPDX-License-Identifier: Apache-2.0

package opa_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"psp2rego/bundles/opa"
	pspr "psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

// BenchmarkShip is the way of a bundle of 1 000 policies and 100 000 grants, each to a service account of its own, step by step:
// out of a dump, signed and verified here, loaded and activated in OPA. MiB-in-OPA is what is on the heap then, more than before.
func BenchmarkShip(b *testing.B) {
	dump := largeDump(1000, 100_000)
	tarball := buildLarge(b, dump)
	signed, err := opa.Sign(tarball, signingKey(b, "RS256"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			buildLarge(b, dump)
		}
		b.ReportMetric(float64(len(tarball))/(1<<20), "MiB-tarball")
	})
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			if _, err := opa.Sign(tarball, signingKey(b, "RS256")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if err := opa.Verify(signed, verificationKey(b, "RS256")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			readLarge(b, tarball)
		}
	})
	b.Run("activate", func(b *testing.B) {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var store storage.Store
		var compiler *ast.Compiler
		for b.Loop() {
			b.StopTimer()
			read := readLarge(b, tarball)
			store, compiler = inmem.NewWithOpts(inmem.OptRoundTripOnWrite(false)), ast.NewCompiler()
			b.StartTimer()
			activate(b, store, compiler, read)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-in-OPA")
		runtime.KeepAlive(store)
		runtime.KeepAlive(compiler)
	})
}

func readLarge(b *testing.B, tarball []byte) *bundle.Bundle {
	b.Helper()
	read, err := bundle.NewReader(bytes.NewReader(tarball)).Read()
	if err != nil {
		b.Fatal(err)
	}
	return &read
}

// activate does what OPA's bundle plugin does with what it has downloaded.
func activate(b *testing.B, store storage.Store, compiler *ast.Compiler, read *bundle.Bundle) {
	b.Helper()
	ctx := context.Background()
	params := storage.WriteParams
	params.Context = storage.NewContext()
	err := storage.Txn(ctx, store, params, func(txn storage.Transaction) error {
		return bundle.Activate(&bundle.ActivateOpts{
			Ctx: ctx, Store: store, Txn: txn, TxnCtx: params.Context, Compiler: compiler, Metrics: metrics.New(),
			Bundles: map[string]*bundle.Bundle{"psp": read},
		})
	})
	if err != nil {
		b.Fatal(err)
	}
}

func buildLarge(b *testing.B, dump string) []byte {
	b.Helper()
	cluster, list, err := translate.Load(b.Context(), []manifest.Source{{Name: "dump.json", Reader: strings.NewReader(dump)}})
	if cluster == nil {
		b.Fatalf("%v\n%s", err, list)
	}
	out, err := translate.Compile(b.Context(), cluster, translate.Options{})
	if err != nil {
		b.Fatal(err)
	}
	built, err := opa.Build(pspr.Files, out, opa.Meta{})
	if err != nil {
		b.Fatal(err)
	}
	tarball, err := built.Tarball()
	if err != nil {
		b.Fatal(err)
	}
	return tarball
}

// largeDump is a cluster as kubectl get -o json writes it, without its blanks.
func largeDump(policies, bindings int) string {
	var s strings.Builder
	s.WriteString(`{"apiVersion":"v1","kind":"List","items":[`)
	for i := range policies {
		fmt.Fprintf(&s, `{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"policy-%d","annotations":`+
			`{"seccomp.security.alpha.kubernetes.io/allowedProfileNames":"runtime/default"}},"spec":{"requiredDropCapabilities":["ALL"],`+
			`"volumes":["configMap","emptyDir","projected","secret"],"hostPorts":[{"min":8000,"max":%d}],"seLinux":{"rule":"RunAsAny"},`+
			`"runAsUser":{"rule":"MustRunAsNonRoot"},"supplementalGroups":{"rule":"MustRunAs","ranges":[{"min":1,"max":65535}]},`+
			`"fsGroup":{"rule":"MustRunAs","ranges":[{"min":1,"max":65535}]}}},`, i, 8080+i)
		fmt.Fprintf(&s, `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"use-%d"},"rules":[{"apiGroups":["policy"],`+
			`"resources":["podsecuritypolicies"],"resourceNames":["policy-%d"],"verbs":["use"]}]}`, i, i)
		s.WriteByte(',')
	}
	for i := range bindings {
		fmt.Fprintf(&s, `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"binding-%d","namespace":"tenant-%d"},`+
			`"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"use-%d"},`+
			`"subjects":[{"kind":"ServiceAccount","name":"runner-%d","namespace":"tenant-%d"}]}`, i, i/20, i%policies, i, i/20)
		if i < bindings-1 {
			s.WriteByte(',')
		}
	}
	return s.String() + "]}"
}
