// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psp2rego/translate"
	"psp2rego/verify"
)

// TestCorpusIsDecidedAsNativeDecidesIt replays every recorded case against the evaluator and against
// what translation makes of its cluster now, for the API server that the evaluator stands for and for the newest.
func TestCorpusIsDecidedAsNativeDecidesIt(t *testing.T) {
	for _, minor := range []int{translate.OldestServer, translate.NewestServer} {
		t.Run(fmt.Sprintf("1.%d", minor), func(t *testing.T) { testCorpus(t, translateFor(minor)) })
	}
}

// TestServersOfEachKindDecideAsNativeDoes puts generated cases to bundles for every server that keeps pods in another way.
func TestServersOfEachKindDecideAsNativeDoes(t *testing.T) {
	for _, minor := range []int{25, 27, 30, 33, 34, translate.NewestServer} {
		t.Run(fmt.Sprintf("1.%d", minor), func(t *testing.T) {
			report, err := verify.Run(t.Context(), verify.Options{
				Native: verify.NativeCommand{Path: nativePath(t)}, Translate: translateFor(minor),
				Generate: true, Cases: 1000, Seed: uint64(minor), AllowUndecided: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			if report.Outcome() != verify.Equivalent {
				var text strings.Builder
				if err := report.Write(&text, "text"); err != nil {
					t.Fatal(err)
				}
				t.Error(text.String())
			}
		})
	}
}

func testCorpus(t *testing.T, translated verify.Translate) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/corpus/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	native := nativePath(t)
	judge, err := verify.NewJudge(t.Context(), verify.Options{
		Native: verify.NativeCommand{Path: native}, Translate: translated,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = judge.Close() }()
	known, judged := map[string]bool{}, 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := verify.ReadCaseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := judge.Judge(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if got.Refused != "" {
				t.Fatalf("the evaluator does not take the case: %s", got.Refused)
			}
			for _, d := range got.Differences {
				now := &verify.CaseFile{Objects: c.Objects, Request: c.Request, Native: got.Native, Ours: got.Ours}
				text, err := now.Format()
				if err != nil {
					t.Fatal(err)
				}
				t.Errorf("%s, %s: %s\n%s", d.Phase, d.Class, d.Detail, text)
			}
			known[got.Known] = true
			judged++
		})
	}
	for _, d := range verify.KnownDifferences() {
		if judged == len(files) && !known[d.ID] {
			t.Errorf("no case of the corpus meets the known difference %s", d.ID)
		}
	}
}

// nativePath is where the evaluator is. Tests that need it fail without it.
func nativePath(t *testing.T) string {
	t.Helper()
	native := os.Getenv("PSP2REGO_NATIVE")
	if native == "" {
		native = "../../bin/psp2rego-native"
	}
	if _, err := os.Stat(native); err != nil {
		t.Fatalf("the evaluator with the real admission plugin is missing (%v): build it with `make build`, "+
			"or name it in PSP2REGO_NATIVE", err)
	}
	return native
}
