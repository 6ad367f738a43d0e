// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	yamlv2 "go.yaml.in/yaml/v2"
	kyaml "sigs.k8s.io/yaml"

	"psp2rego/translate/diagnostic"
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

// Reading never panics or hangs, always says the same, and loses nothing: unless it complains, it returns every object that
// an independent parser finds in the stream.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		read := func() ([]*Object, diagnostic.List, error) {
			return Read(context.Background(), []Source{{Name: "in", Reader: bytes.NewReader(text)}})
		}
		objects, diags, err := read()
		if (err != nil) && !diags.HasErrors() {
			t.Fatalf("error %v without a diagnostic", err)
		}
		for _, o := range objects {
			if !json.Valid(o.JSON) || !utf8.Valid(o.JSON) {
				t.Fatalf("not JSON: %q", o.JSON)
			}
			for _, field := range []string{"", "metadata.name", "spec.a[1].b", "metadata.annotations[a.b/c]"} {
				if p := o.Position(field); p.Line < 1 || p.Column < 1 || p.Line > bytes.Count(text, []byte("\n"))+1+countOdd(text) {
					t.Fatalf("position of %q: %v", field, p)
				}
			}
		}
		again, diagsAgain, _ := read()
		if diff := cmp.Diff(summary(objects), summary(again)) + cmp.Diff(diags, diagsAgain); diff != "" {
			t.Fatalf("reading twice differs:\n%s", diff)
		}
		want, ok := independent(text)
		if !ok || diags.HasErrors() {
			return
		}
		if diff := cmp.Diff(want, summary(objects)); diff != "" {
			t.Fatalf("objects differ from what another parser finds:\n%s", diff)
		}
	})
}

func countOdd(text []byte) int {
	n := bytes.Count(text, []byte("\r"))
	for _, br := range oddBreaks {
		n += bytes.Count(text, []byte(br))
	}
	return n
}

func summary(objects []*Object) []string {
	var lines []string
	for _, o := range objects {
		lines = append(lines, o.Kind+" "+o.Name)
	}
	return lines
}

// independent finds the objects of the known kinds with the YAML parser's own notion of documents, or as a JSON stream.
func independent(text []byte) (lines []string, ok bool) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	for _, decode := range []func(any) error{
		yamlv2.NewDecoder(bytes.NewReader(text)).Decode, json.NewDecoder(bytes.NewReader(text)).Decode,
	} {
		lines = nil
		for {
			var v any
			err := decode(&v)
			if errors.Is(err, io.EOF) {
				return lines, true
			}
			if err != nil {
				break
			}
			lines = append(lines, walk(v, "", "")...)
		}
	}
	return nil, false
}

// walk names the known objects in a decoded document.
func walk(v any, kind, apiVersion string) []string {
	get := func(v any, key string) any {
		switch m := v.(type) {
		case map[any]any:
			return m[key]
		case map[string]any:
			return m[key]
		}
		return nil
	}
	if k, _ := get(v, "kind").(string); k != "" {
		kind = k
		apiVersion, _ = get(v, "apiVersion").(string)
	}
	if items, ok := get(v, "items").([]any); ok && strings.HasSuffix(kind, "List") {
		itemKind, itemVersion := strings.TrimSuffix(kind, "List"), apiVersion
		if itemKind == "" {
			itemVersion = ""
		}
		var lines []string
		for _, item := range items {
			lines = append(lines, walk(item, itemKind, itemVersion)...)
		}
		return lines
	}
	if standing, _ := classify(apiVersion, kind); standing != known {
		return nil
	}
	name, _ := get(get(v, "metadata"), "name").(string)
	return []string{kind + " " + name}
}
