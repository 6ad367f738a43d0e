// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	kyaml "sigs.k8s.io/yaml"
)

// seeds are all input files of the golden tests, and texts that are hard on parsers.
func seeds(f *testing.F) {
	f.Helper()
	paths, err := filepath.Glob("../testdata/load/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name == "diagnostics" {
				break
			}
			f.Add(file.Data)
		}
	}
	for _, text := range []string{
		"a:\n- b\n- c: d\n  e:\n  - f\ng: 1\n", "a:\n  b: c\n d: e\n", "- a: b\n  c: d\n- e\n", "a:\n# c\n  b: 'c'\n", "a: b\n  c\n",
		"b: 1\na: 2\nb: 3\n", "a:\n\n\nb: {}\n", "---\na: 01\n", "a: 0a1b2c3d-0000-4000-8000-000000000000\n", "a:\n-  b\n", "- - a\n",
		"a: \"b\"\nc: '\"'\n", "a: b:c\nd: e:\n", "a: x # y\n", "a: x#y\n", "a:\tb\n", "y: n\n", "a: b \n", "- a:\n  - b\n  c: d\n", "a",
		"kind: List\nitems:\n- kind: List\n  items: [{kind: Role}]\n", "\u2028---\nkind: Role\n", "kind: Role\r---\rkind: Role\r",
		"? a\n: b\n", "a: |\n  b\n c\n", "%YAML 1.1\n---\na: b\n...\n---\nc: d\n", `{"a": 1}{"a": 2} `, `{"kind": "List", "items": null}`,
	} {
		f.Add([]byte(text))
	}
}

// The fast converter gives up, or writes the same bytes as the real one.
func FuzzConvertPlain(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := convertPlain(text)
		if !ok {
			return
		}
		want, err := kyaml.YAMLToJSONStrict(text)
		if err != nil || string(got) != string(want) {
			t.Fatalf("got  %s\nwant %s, error %v", got, want, err)
		}
	})
}
