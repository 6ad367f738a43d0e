// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"testing"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// BenchmarkGroup is what making two cases costs.
func BenchmarkGroup(b *testing.B) {
	settings := cases.Defaults()
	cluster := cases.Generate(settings, 1, 1)
	for n := 0; b.Loop(); n++ {
		cluster.Group(settings, 1, n)
	}
}

// BenchmarkGenerate is what making a cluster costs.
func BenchmarkGenerate(b *testing.B) {
	settings := cases.Defaults()
	for n := 0; b.Loop(); n++ {
		cases.Generate(settings, 1, n)
	}
}

// BenchmarkNativeReview is one case through the evaluator, with lines written ahead as in a run.
func BenchmarkNativeReview(b *testing.B) {
	native := startNative(b)
	settings := cases.Defaults()
	cluster := cases.Generate(settings, 1, 1)
	if err := native.Load(protocol.Cluster{Dialect: cluster.Dialect, Objects: cluster.Objects}, "benchmark"); err != nil {
		b.Fatal(err)
	}
	var made []cases.Case
	for group := range 100 {
		made = append(made, cluster.Group(settings, 1, group)...)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		for native.InFlight() < maxInFlight {
			line := protocol.Line{Op: protocol.OpReview, Request: made[n%len(made)].Request}
			if err := native.Send(line, "benchmark"); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := native.Receive(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExamine is what comparing costs beside the policies themselves: the bundle is two rules.
func BenchmarkExamine(b *testing.B) {
	native := startNative(b)
	settings := cases.Defaults()
	cluster := cases.Generate(settings, 1, 1)
	if err := native.Load(protocol.Cluster{Dialect: cluster.Dialect, Objects: cluster.Objects}, "benchmark"); err != nil {
		b.Fatal(err)
	}
	request := cluster.Group(settings, 1, 0)[0].Request
	answer, err := native.Review(request, "benchmark")
	if err != nil || answer.Error != nil {
		b.Fatal(err, answer)
	}
	opa := bundleOf(b, allowed, allowed)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := examine(b.Context(), opa, request, answer, false); err != nil {
			b.Fatal(err)
		}
	}
}
