// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"psp2rego/bundles/server"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

// BenchmarkProcess measures decisions of a real OPA that gets its bundle from a server: reviews over TLS on the loopback
// interface, by one client and by eight, about three restrictive policies that may be used, of which the last accepts the
// pod of two containers. Every answer is looked at.
func BenchmarkProcess(b *testing.B) {
	a := newAuthority(b)
	config, err := a.issue("server", -time.Hour, time.Hour).Config(slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	cluster, list, err := translate.Load(b.Context(), []manifest.Source{{Name: "restrictive.yaml", Reader: strings.NewReader(restrictive())}})
	if err != nil || cluster == nil {
		b.Fatal(err, list)
	}
	s := server.New(server.Options{})
	bundle := built(b, cluster)
	publish(b, s, bundle)
	w := watch(s.Handler())
	front := httptest.NewUnstartedServer(w)
	front.TLS = config
	front.StartTLS()
	b.Cleanup(front.Close) // after OPA has ended
	p := startOPA(b, services(front.URL, map[string]any{"tls": map[string]any{"ca_cert": a.file("ca.pem")}}, nil), a)
	w.active(b, bundle.Revision)
	for _, phase := range []string{"mutate", "validate"} {
		review := review(b, phase)
		for _, clients := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/clients-%d", phase, clients), func(b *testing.B) { p.measure(b, phase, review, clients) })
		}
	}
}

// measure asks b.N times and reports percentiles and the rate.
func (p *process) measure(b *testing.B, phase string, review []byte, clients int) {
	times := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	before := p.cpu()
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				started := time.Now()
				if err := p.admits(phase, review); err != nil {
					b.Error(err)
					return
				}
				times[i] = time.Since(started)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-us")
	b.ReportMetric(float64((p.cpu()-before).Microseconds())/float64(b.N), "opa-cpu-us")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// cpu is how long OPA has used processors, as Linux counts it in ticks of 10 ms; 0 elsewhere. Unlike times by the clock, it can
// be compared on a machine that others use, too.
func (p *process) cpu() time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (p *process) admits(phase string, review []byte) error {
	response, err := p.client.Post(p.address+"/v0/data/psp/"+phase, "application/json", bytes.NewReader(review))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(`"allowed":true`))) {
		err = fmt.Errorf("%s: %s: %s", phase, response.Status, text)
	}
	return err
}

// restrictive is three policies like Kubernetes' own restricted one, two of which refuse emptyDir, and who may use them.
func restrictive() string {
	var b strings.Builder
	for name, volumes := range map[string]string{"a": "", "b": "", "restricted": "emptyDir, "} {
		fmt.Fprintf(&b, `---
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata:
  name: %s
  annotations:
    seccomp.security.alpha.kubernetes.io/allowedProfileNames: docker/default,runtime/default
    seccomp.security.alpha.kubernetes.io/defaultProfileName: runtime/default
spec:
  allowPrivilegeEscalation: false
  requiredDropCapabilities: [ALL]
  volumes: [%sconfigMap, projected, secret, downwardAPI, persistentVolumeClaim]
  runAsUser: {rule: MustRunAsNonRoot}
  seLinux: {rule: RunAsAny}
  supplementalGroups: {rule: MustRunAs, ranges: [{min: 1, max: 65535}]}
  fsGroup: {rule: MustRunAs, ranges: [{min: 1, max: 65535}]}
`, name, volumes)
	}
	return b.String() + `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: user}
rules: [{verbs: [use], apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [a, b, restricted]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: user}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: user}
subjects: [{kind: Group, name: 'system:authenticated', apiGroup: rbac.authorization.k8s.io}]
`
}

// review is what an API server asks about a pod of two containers: as it was sent, or for validate as mutate leaves it.
func review(b *testing.B, phase string) []byte {
	b.Helper()
	text, err := os.ReadFile("testdata/" + phase + ".json")
	if err != nil {
		b.Fatal(err)
	}
	return text
}
