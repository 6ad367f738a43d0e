// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/cases"
)

// Whatever the generators make comes back from a file as it went in, to the last digit and quote.
func TestCaseFileGivesBackWhatItWasMadeOf(t *testing.T) {
	settings := cases.Defaults()
	settings.OddPolicies, settings.Hostile, settings.Others = 0.5, 12, 6
	for index := range 30 {
		cluster := cases.Generate(settings, 3, index)
		for group := range 3 {
			for _, made := range cluster.Group(settings, 3, group) {
				want := &CaseFile{Comment: "a case\n", Dialect: cluster.Dialect, Objects: cluster.Objects, Request: made.Request}
				data, err := want.Format()
				if err != nil {
					t.Fatal(err)
				}
				got, err := ParseCaseFile(data)
				if err != nil {
					t.Fatalf("%v\n%s", err, data)
				}
				if diff := cmp.Diff(normal(t, want), normal(t, got)); diff != "" {
					t.Fatalf("cluster %d, case %d (-made +read):\n%s\n%s", index, made.Index, diff, data)
				}
			}
		}
	}
}

// normal is the case as JSON with sorted keys.
func normal(t *testing.T, c *CaseFile) any {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	value, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestCaseFileWithMistakesIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"-- request.yaml --\n{}\n":                          "no cluster.yaml",
		"-- cluster.yaml --\n-- cluster.yaml --\n":          "appears twice",
		"-- cluster.yaml --\n-- requests.yaml --\n":         "requests.yaml: unknown file",
		"-- cluster.yaml --\n-- phase --\nboth\n":           `unknown phase "both"`,
		"-- cluster.yaml --\n{\n":                           "cluster.yaml: ",
		"-- cluster.yaml --\n-- request.yaml --\nuser: x\n": `unknown field "user"`,
		"-- cluster.yaml --\n-- native --\nmutated: {}\n":   `unknown field "mutated"`,
	} {
		if _, err := ParseCaseFile([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want ...%s", text, err, want)
		}
	}
}

func TestCorpusIsReadable(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus, "*.txtar"))
	if err != nil || len(files) < 59 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseCaseFile(data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if c.Native == nil || strings.TrimSpace(c.Comment) == "" {
			t.Errorf("%s: no comment, or no native answer", file)
		}
		if lines := bytes.Count(data, []byte("\n")); lines > 160 {
			t.Errorf("%s: %d lines are not one idea", file, lines)
		}
	}
}
