// SPDX-License-Identifier: Apache-2.0

package opa_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"psp2rego/bundles/opa"
	pspr "psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/psp"
	"psp2rego/translate/rbac"
)

// BenchmarkMutate measures one mutate decision with a prepared query: three restrictive policies of which only the last accepts the
// pod of two containers, and MKE's own policies, with the documentation's pod and user, and with two policies that change the pod of
// two containers.
func BenchmarkMutate(b *testing.B) {
	b.Run("restrictive", func(b *testing.B) { benchmark(b, restrictive("mutate", 0)) })
	b.Run("mke", func(b *testing.B) {
		d := mke()
		d.grant("unprivileged")
		d.pod = demoPod
		benchmark(b, d)
	})
	b.Run("mke-two-policies", func(b *testing.B) { benchmark(b, mke()) })
}

// BenchmarkValidate measures one validate decision about a pod as the mutate decision leaves it.
func BenchmarkValidate(b *testing.B) {
	b.Run("restrictive", func(b *testing.B) {
		d := restrictive("validate", 0)
		d.pod = strings.NewReplacer(`"metadata":{`, `"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"runtime/default"},`,
			`"securityContext":{"runAsUser":1000,"capabilities":{"drop":["KILL"]}}`,
			`"securityContext":{"runAsUser":1000,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL","KILL"]}}`,
			`"name":"b"`, `"name":"b","securityContext":{"runAsNonRoot":true,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}`,
			`"securityContext":{},"scheduler`, `"securityContext":{"fsGroup":1,"supplementalGroups":[1]},"scheduler`).Replace(benchPod)
		benchmark(b, d)
	})
}

// BenchmarkGrants shows what the number of grants to others costs a decision.
func BenchmarkGrants(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := restrictive("mutate", 0)
			for i := range n {
				d.cluster.Grants.Users[fmt.Sprintf("system:serviceaccount:ns-%d:sa-%d", i%997, i)] = &rbac.Subject{
					Namespaces: map[string][]string{fmt.Sprintf("ns-%d", i%997): {"restricted"}},
				}
			}
			benchmark(b, d)
		})
	}
}

// BenchmarkPolicies shows what policies cost that the requester may not use.
func BenchmarkPolicies(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := restrictive("mutate", n-1)
			d.grant("restricted")
			benchmark(b, d)
		})
	}
}

// BenchmarkRefusing shows what each further policy costs that the requester may use and that refuses the pod.
func BenchmarkRefusing(b *testing.B) {
	for _, n := range []int{0, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := restrictive("mutate", n)
			names := []string{"a", "b", "restricted"}
			for i := range n {
				names = append(names, fmt.Sprintf("other-%d", i))
			}
			d.grant(names...)
			benchmark(b, d)
		})
	}
}

// decision is a cluster, a pod and the entry point that is asked.
type decision struct {
	cluster *translate.Cluster
	entry   string
	pod     string
}

func (d *decision) grant(names ...string) {
	d.cluster.Grants.Groups = map[string]*rbac.Subject{"system:authenticated": {Cluster: names}}
}

// restrictive is a cluster of three policies like Kubernetes' own restricted one, two of which refuse emptyDir, and of further ones
// of that kind.
func restrictive(entry string, further int) *decision {
	policy := func(name string, volumes ...psp.FSType) translate.Policy {
		no := false
		ranges := []psp.IDRange{{Min: 1, Max: 65535}}
		p := psp.PodSecurityPolicy{Spec: psp.PodSecurityPolicySpec{
			AllowPrivilegeEscalation: &no,
			RequiredDropCapabilities: []psp.Capability{"ALL"},
			Volumes:                  append(volumes, "configMap", "projected", "secret", "downwardAPI", "persistentVolumeClaim"),
			RunAsUser:                psp.RunAsUserStrategyOptions{Rule: psp.MustRunAsNonRoot},
			SELinux:                  psp.SELinuxStrategyOptions{Rule: psp.RunAsAny},
			SupplementalGroups:       psp.SupplementalGroupsStrategyOptions{Rule: psp.MustRunAs, Ranges: ranges},
			FSGroup:                  psp.FSGroupStrategyOptions{Rule: psp.MustRunAs, Ranges: ranges},
		}}
		p.Name = name
		p.Annotations = map[string]string{
			psp.SeccompAllowedProfiles: "docker/default,runtime/default", psp.SeccompDefaultProfile: "runtime/default",
		}
		return translate.Policy{PodSecurityPolicy: p}
	}
	d := &decision{entry: entry, pod: benchPod, cluster: &translate.Cluster{
		Policies: []translate.Policy{policy("a"), policy("b"), policy("restricted", "emptyDir")},
		Grants:   rbac.Grants{Users: map[string]*rbac.Subject{}, Groups: map[string]*rbac.Subject{}},
	}}
	for i := range further {
		d.cluster.Policies = append(d.cluster.Policies, policy(fmt.Sprintf("other-%d", i)))
	}
	d.grant("a", "b", "restricted")
	return d
}

// mke is MKE's two default policies and norootcontainers, the latter two granted.
func mke() *decision {
	policy := func(name string, privileged bool, user psp.Rule) translate.Policy {
		p := psp.PodSecurityPolicy{Spec: psp.PodSecurityPolicySpec{
			AllowPrivilegeEscalation: &privileged, Privileged: privileged, HostNetwork: privileged, HostPID: privileged, HostIPC: privileged,
			HostPorts: []psp.HostPortRange{{Min: 0, Max: 65535}}, Volumes: []psp.FSType{psp.AllowAll},
			RunAsUser: psp.RunAsUserStrategyOptions{Rule: user}, SELinux: psp.SELinuxStrategyOptions{Rule: psp.RunAsAny},
			SupplementalGroups: psp.SupplementalGroupsStrategyOptions{Rule: psp.RunAsAny}, FSGroup: psp.FSGroupStrategyOptions{Rule: psp.RunAsAny},
		}}
		if privileged {
			p.Spec.AllowedCapabilities = []psp.Capability{psp.AllowAll}
		} else {
			p.Spec.AllowedHostPaths = []psp.AllowedHostPath{{PathPrefix: "/dev/null", ReadOnly: true}}
		}
		p.Name = name
		return translate.Policy{PodSecurityPolicy: p}
	}
	d := &decision{entry: "mutate", pod: benchPod, cluster: &translate.Cluster{
		Policies: []translate.Policy{
			policy("norootcontainers", false, psp.MustRunAsNonRoot), policy("privileged", true, psp.RunAsAny), policy("unprivileged", false, psp.RunAsAny),
		},
	}}
	d.grant("norootcontainers", "unprivileged")
	return d
}

// benchmark loads the emitted bundle as OPA does and asks it one request over and over.
func benchmark(b *testing.B, d *decision) {
	query, input := prepare(b, d)
	b.ReportAllocs()
	runtime.GC() // what loading left behind is not the decision's
	for b.Loop() {
		results, err := query.Eval(b.Context(), rego.EvalParsedInput(input))
		if err != nil {
			b.Fatal(err)
		}
		if response := results[0].Expressions[0].Value.(map[string]any)["response"].(map[string]any); response["allowed"] != true {
			b.Fatalf("refused: %v", response)
		}
	}
}

func prepare(b *testing.B, d *decision) (rego.PreparedEvalQuery, ast.Value) {
	b.Helper()
	ctx := context.Background()
	out, err := translate.Compile(ctx, d.cluster, translate.Options{ServerVersion: translate.NewestServer})
	if err != nil {
		b.Fatal(err)
	}
	built, err := opa.Build(pspr.Files, out, opa.Meta{})
	if err != nil {
		b.Fatal(err)
	}
	var tarball bytes.Buffer
	if err := built.WriteTarball(&tarball); err != nil {
		b.Fatal(err)
	}
	loader := bundle.NewTarballLoaderWithBaseURL(&tarball, "").WithFilter(func(path string, _ fs.FileInfo, _ int) bool {
		return strings.HasSuffix(path, "_test.rego")
	})
	read, err := bundle.NewCustomReader(loader).WithRegoVersion(ast.RegoV1).Read()
	if err != nil {
		b.Fatal(err)
	}
	store := inmem.NewFromObjectWithOpts(read.Data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	read.Data = nil
	compiler := ast.NewCompiler()
	if compiler.Compile(read.ParsedModules("bench")); compiler.Failed() {
		b.Fatal(compiler.Errors)
	}
	var query rego.PreparedEvalQuery
	err = storage.Txn(ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) (err error) {
		query, err = rego.New(rego.Query("data.psp."+d.entry), rego.Compiler(compiler), rego.Store(store), rego.Transaction(txn)).PrepareForEval(ctx)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	review := `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","kind":{"group":"","version":"v1","kind":"Pod"},` +
		`"resource":{"group":"","version":"v1","resource":"pods"},"name":"","namespace":"default","operation":"CREATE",` +
		`"userInfo":{"username":"jeff","groups":["system:authenticated"]},"object":` + d.pod + `,"oldObject":null}}`
	if !json.Valid([]byte(review)) {
		b.Fatal("the review is no JSON")
	}
	return query, ast.MustParseTerm(review).Value
}

// demoPod is the pod of MKE's documentation as the API server sends it: defaults filled in, service account token mounted.
const demoPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"demopod","namespace":"default"},"spec":{` +
	`"volumes":[{"name":"kube-api-access-x","projected":{"sources":[` +
	`{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},` +
	`{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},` +
	`{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],` +
	`"containers":[{"name":"demopod","image":"nginx","resources":{},"volumeMounts":[{"name":"kube-api-access-x","readOnly":true,` +
	`"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"terminationMessagePath":"/dev/termination-log","imagePullPolicy":"Always"}],` +
	`"restartPolicy":"Always","serviceAccountName":"default","serviceAccount":"default","securityContext":{},"schedulerName":"default-scheduler"}}`

// benchPod is a pod of two containers, likewise.
const benchPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default","labels":{"app":"x"}},"spec":{` +
	`"volumes":[{"name":"data","emptyDir":{}},{"name":"kube-api-access-x","projected":{"sources":[` +
	`{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},` +
	`{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},` +
	`{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],` +
	`"containers":[{"name":"a","image":"nginx","ports":[{"containerPort":80,"protocol":"TCP"}],"resources":{},` +
	`"volumeMounts":[{"name":"data","mountPath":"/d"}],"terminationMessagePath":"/dev/termination-log","imagePullPolicy":"Always",` +
	`"securityContext":{"runAsUser":1000,"capabilities":{"drop":["KILL"]}}},` +
	`{"name":"b","image":"nginx","resources":{},"imagePullPolicy":"Always"}],"restartPolicy":"Always",` +
	`"serviceAccountName":"default","serviceAccount":"default","securityContext":{},"schedulerName":"default-scheduler"}}`
