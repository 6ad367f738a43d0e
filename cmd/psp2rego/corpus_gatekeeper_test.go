// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/translate"
	"psp2rego/verify"
)

// TestCorpusIsDecidedInGatekeeperAsNativeDecidesIt replays every recorded case against what translation writes for Gatekeeper now,
// with grants that are written down and with those that Gatekeeper reads.
func TestCorpusIsDecidedInGatekeeperAsNativeDecidesIt(t *testing.T) {
	files, err := filepath.Glob("../../testdata/corpus/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for name, how := range map[string]gatekeeper.Options{rbacSnapshot: {}, rbacLive: {LiveRBAC: true}} {
		t.Run(name, func(t *testing.T) {
			judge, err := verify.NewJudge(t.Context(), verify.Options{
				Native: verify.NativeCommand{Path: nativePath(t)}, Gatekeeper: verify.NativeCommand{Path: gatekeeperPath(t)},
				Constraints: true, LiveRBAC: how.LiveRBAC, Translate: constraintsFor(translate.NewestServer, how),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = judge.Close() }()
			for _, file := range files {
				c, err := verify.ReadCaseFile(file)
				if err != nil {
					t.Fatal(err)
				}
				got, err := judge.Judge(t.Context(), c)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				for _, d := range got.Differences {
					t.Errorf("%s: %s, %s: %s", file, d.Phase, d.Class, d.Detail)
				}
			}
		})
	}
}

// gatekeeperPath is where the evaluator with Gatekeeper is. Tests that need it fail without it.
func gatekeeperPath(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PSP2REGO_GATEKEEPER")
	if path == "" {
		path = "../../bin/psp2rego-gatekeeper"
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the evaluator with Gatekeeper is missing (%v): build it with `make gatekeeper`, or name it in PSP2REGO_GATEKEEPER", err)
	}
	return path
}
