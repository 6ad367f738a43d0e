// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/bundles/server"
)

const deployFolder = "../../deploy/opa"

// TestTheManifestsInTheRepositoryAreWhatTheCommandWrites keeps deploy/opa equal to the command's output; UPDATE=1 rewrites it.
func TestTheManifestsInTheRepositoryAreWhatTheCommandWrites(t *testing.T) {
	t.Setenv(verificationVariable, "")
	made := filepath.Join(t.TempDir(), "made")
	args := []string{"bundle", "manifests", "--bundle-url", "https://bundles.psp2rego-system.svc" + server.Path, "-o", made}
	var stdout, stderr bytes.Buffer
	if status := run(args, strings.NewReader(""), &stdout, &stderr); status != exitDone || stdout.Len()+stderr.Len() > 0 {
		t.Fatalf("status %d: %s%s", status, &stdout, &stderr)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.RemoveAll(deployFolder); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(deployFolder, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(readAll(t, made), readAll(t, deployFolder)); d != "" {
		t.Errorf("(-written +kept)\n%s", d)
	}
}

// readAll gives the files below a folder by their path in it.
func readAll(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		relative, _ := filepath.Rel(folder, name)
		found[filepath.ToSlash(relative)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
