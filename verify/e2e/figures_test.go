// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/processes"
)

// BenchmarkCreate measures what the creation of a pod costs, by dry runs of 8 clients: requests a second, the median and the slowest of a hundred, and the
// processor time of the API server and of what it asks.
func BenchmarkCreate(b *testing.B) {
	forJeff(b)
	measured := func(name string, server *clusters.Server, asked ...*processes.Process) {
		b.Run(name+"/admitted", func(b *testing.B) { measure(b, server, asked, plainContainers, clusters.Admitted) })
		b.Run(name+"/refused", func(b *testing.B) { measure(b, server, asked, refusedContainers, clusters.Denied) })
	}
	measured("1.24 with PSP", shared.old.front)
	measured("OPA mutates and validates", shared.new.front, shared.stack.OPA())
	b.Run("OPA mutates, Gatekeeper validates", func(b *testing.B) {
		shared.validateByGatekeeper(b)
		forJeff(b)
		asked := []*processes.Process{shared.stack.OPA(), shared.gatekeeper.Process()}
		b.Run("admitted", func(b *testing.B) { measure(b, shared.new.front, asked, plainContainers, clusters.Admitted) })
	})
	b.Run("no webhook", func(b *testing.B) {
		if err := shared.stack.Unregister(within(b)); err != nil {
			b.Fatal(err)
		}
		call := dry("nobody", pod(`"name":"p"`, plainContainers))
		err := processes.Until(within(b), func(ctx context.Context) (bool, error) {
			answer, err := shared.new.front.Do(ctx, &call)
			return err == nil && answer.Status == nil, err
		})
		if err != nil {
			b.Fatal(err)
		}
		measure(b, shared.new.front, nil, plainContainers, clusters.Admitted)
		if err := shared.stack.Register(within(b)); err != nil {
			b.Fatal(err)
		}
	})
}

const refusedContainers = `"containers":[{"name":"c","image":"nginx","securityContext":{"privileged":true}}]`

// measure makes b.N requests.
func measure(b *testing.B, server *clusters.Server, asked []*processes.Process, containers string, want clusters.Kind) {
	call := dry("jeff", pod(`"name":"p"`, containers))
	before := cpu(b, append([]*processes.Process{server.Process}, asked...))
	var next, wrong atomic.Int64
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				begin := time.Now()
				answer, err := server.Do(b.Context(), &call)
				took[i-1] = time.Since(begin)
				if err != nil || clusters.OutcomeOf(answer).Kind != want {
					wrong.Add(1)
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	if wrong.Load() > 0 {
		b.Fatalf("%d answers are not %s", wrong.Load(), want)
	}
	after := cpu(b, append([]*processes.Process{server.Process}, asked...))
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(ms(took[b.N/2]), "p50-ms")
	b.ReportMetric(ms(took[b.N*99/100]), "p99-ms")
	for i := range after {
		b.ReportMetric(ms(after[i]-before[i])/float64(b.N), []string{"apiserver-cpu-ms", "opa-cpu-ms", "gatekeeper-cpu-ms"}[i])
	}
}

// cpu is the processor time that each process has taken.
func cpu(b *testing.B, list []*processes.Process) []time.Duration {
	b.Helper()
	var all []time.Duration
	for _, p := range list {
		d, err := p.CPU()
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}
