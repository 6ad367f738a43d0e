// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"bytes"
	"os"
	"path"
	"strings"
	"testing"

	"psp2rego/bundles/webhook"
	"psp2rego/translate"
)

func TestWriteIsAllOrNothing(t *testing.T) {
	files := []translate.File{{Path: "server/a.yaml", Data: []byte("a\n")}, {Path: "webhooks/b.yaml", Data: []byte("b\n")}}
	parent := t.TempDir()
	dir := path.Join(parent, "deep", "out")
	for range 2 { // the second time there is nothing to do
		if err := webhook.Write(dir, files); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if data, err := os.ReadFile(path.Join(dir, f.Path)); err != nil || !bytes.Equal(data, f.Data) {
				t.Errorf("%s: %q, %v", f.Path, data, err)
			}
		}
	}
	empty := t.TempDir()
	if err := webhook.Write(empty, files); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	for name, change := range map[string]func() error{
		"edited":  func() error { return os.WriteFile(path.Join(dir, "server/a.yaml"), []byte("c\n"), 0o600) },
		"deleted": func() error { return os.Remove(path.Join(dir, "server/a.yaml")) },
		"added":   func() error { return os.WriteFile(path.Join(dir, "server/c.yaml"), nil, 0o600) },
	} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := webhook.Write(dir, files); err != nil {
			t.Fatal(err)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := webhook.Write(dir, files); err == nil || !strings.Contains(err.Error(), webhook.ErrOccupied.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(path.Join(parent, "deep")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	file := path.Join(parent, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := webhook.Write(file, files); err == nil {
		t.Error("replaced a file")
	}
}
