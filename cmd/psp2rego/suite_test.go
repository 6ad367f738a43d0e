// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSuitesPassInGator has gator itself judge what was recorded, for the MKE scenario and for policies that set each field.
func TestSuitesPassInGator(t *testing.T) {
	native, gator := os.Getenv("PSP2REGO_NATIVE"), os.Getenv("PSP2REGO_GATOR")
	if native == "" || gator == "" {
		t.Skip("PSP2REGO_NATIVE or PSP2REGO_GATOR names no program")
	}
	for name, args := range map[string][]string{
		"mke":             {"-f", mkeFolder, "--dialect", "mke"},
		"base in Rego v0": {"-f", mkeFolder + "/base", "--rego-v0", "--server-version", "1.24", "--enforcement-action", "warn"},
		"every field":     {"-f", "../mutants/testdata", "--enforcement-action", "scoped"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "out")
			var stdout, stderr bytes.Buffer
			args = append([]string{"translate", "--target", "gatekeeper", "--tests", "10", "--native", native, "-o", dir}, args...)
			if status := run(args, strings.NewReader(""), &stdout, &stderr); status != exitDone {
				t.Fatalf("%d: %s", status, stderr.String())
			}
			said, err := exec.CommandContext(t.Context(), gator, "verify", "--verbose", dir+"/...").CombinedOutput()
			if err != nil || !strings.Contains(string(said), "\nPASS\n") {
				t.Errorf("%v: %s", err, said)
			}
			passed := len(regexp.MustCompile(`(?m)^ +--- PASS: `).FindAllString(string(said), -1))
			written, err := filepath.Glob(filepath.Join(dir, "suite/*/*.review"))
			more, errMore := filepath.Glob(filepath.Join(dir, "suite/*/*/*.review"))
			if err != nil || errMore != nil || passed < 20 || passed != len(written)+len(more) {
				t.Errorf("%d cases passed, %d were written", passed, len(written)+len(more))
			}
			if said, err := exec.CommandContext(t.Context(), gator, "test", "-f", dir).CombinedOutput(); err != nil || len(said) > 0 {
				t.Errorf("gator test on the folder: %v: %s", err, said)
			}
		})
	}
}
