// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/verify"
)

// TestBundlesThatWarnDecideTheSameAndWarnOfWhatTheyChange judges bundles of generated policies, which fill in every default there is.
func TestBundlesThatWarnDecideTheSameAndWarnOfWhatTheyChange(t *testing.T) {
	report, err := verify.Run(t.Context(), verify.Options{
		Native: verify.NativeCommand{Path: nativePath(t)}, Generate: true, Cases: 3000, Seed: 1, AllowUndecided: true, Clock: time.Now,
		Translate: func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
			return opa.FromObjects(ctx, rego.Files, objects, opa.Meta{Dialect: dialect, WarnDefaults: true})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Cases() < 3000 || report.Outcome() != verify.Equivalent {
		var text bytes.Buffer
		if err := report.Write(&text, "text"); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%d cases, outcome %v\n%s", report.Cases(), report.Outcome(), &text)
	}
}
