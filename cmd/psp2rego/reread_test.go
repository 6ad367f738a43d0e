// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psp2rego/translate/manifest"
)

// names are what the sources hold, each with its file.
func names(t *testing.T, sources []manifest.Source) string {
	t.Helper()
	objects, diags, err := manifest.Read(t.Context(), sources)
	if err != nil {
		t.Fatalf("%v\n%s", err, diags.String())
	}
	var all []string
	for _, o := range objects {
		all = append(all, o.Position("metadata.name").String()+" "+string(o.JSON))
	}
	return strings.Join(all, "\n")
}

func TestSourcesAreReadOnceAndGivenTwice(t *testing.T) {
	policy := func(name string) string {
		return "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata:\n  name: " + name + "\n"
	}
	folder := t.TempDir()
	single := filepath.Join(t.TempDir(), "one.yaml")
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(folder, "a.yaml"), policy("a"))
	write(filepath.Join(folder, "deep", "b.yaml"), policy("b"))
	write(single, policy("single"))
	pipe, into, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := into.WriteString(policy("piped")); err != nil || into.Close() != nil {
		t.Fatal(err)
	}
	defer func() { _ = pipe.Close() }()
	sources, err := openSources([]string{folder, single, "-"}, pipe)
	if err != nil {
		t.Fatal(err)
	}
	first, again := rereadable(sources)
	want := names(t, first)
	for _, word := range []string{"a.yaml:4:", "deep/b.yaml:4:", "one.yaml:4:", "stdin:4:", `"piped"`} {
		if !strings.Contains(want, word) {
			t.Errorf("nothing says %q:\n%s", word, want)
		}
	}
	write(single, policy("changed"))
	for range 2 {
		if got := names(t, again()); got != want {
			t.Errorf("%s\nwas\n%s", got, want)
		}
	}
}
