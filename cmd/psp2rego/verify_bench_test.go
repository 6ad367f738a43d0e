// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"psp2rego/translate"
	"psp2rego/translate/manifest"
	"psp2rego/verify"
)

// benchmarkVerify runs as many cases as the benchmark asks for; an operation is one case, through
// both phases on both sides.
func benchmarkVerify(b *testing.B, options verify.Options) {
	b.Helper()
	native, err := findNative("../../bin/" + nativeName)
	if err != nil {
		b.Fatal(err)
	}
	options.Native.Path, options.Translate = native, translateFor(translate.NewestServer)
	options.Cases, options.Seed, options.AllowUndecided = max(b.N, 2), 1, true
	b.ResetTimer()
	report, err := verify.Run(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(report.Cases())/b.Elapsed().Seconds(), "cases/s")
	if report.Outcome() != verify.Equivalent {
		b.Errorf("%d divergences", report.Diverging())
	}
}

// BenchmarkVerifyGenerated makes a new cluster for every 100 cases.
func BenchmarkVerifyGenerated(b *testing.B) {
	benchmarkVerify(b, verify.Options{Generate: true})
}

// BenchmarkVerifyMKE has one cluster, that of the MKE scenario.
func BenchmarkVerifyMKE(b *testing.B) {
	cluster, list, err := translate.Load(b.Context(), []manifest.Source{openSource(mkeFolder)})
	if err != nil || cluster == nil {
		b.Fatal(err, list)
	}
	benchmarkVerify(b, verify.Options{Objects: cluster.Objects})
}
