// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kyaml "sigs.k8s.io/yaml"
)

// lines writes a text of random lines with random indentation: most of it is nearly YAML, some of it is.
func lines(r *rand.Rand, most int, words []string) string {
	var b strings.Builder
	indent := 0
	for range r.IntN(most) + 1 {
		switch r.IntN(6) {
		case 0:
			indent = 0
		case 1, 2:
			indent += 2
		case 3:
			indent = max(0, indent-2)
		}
		b.WriteString(strings.Repeat(" ", indent) + words[r.IntN(len(words))])
		if r.IntN(40) > 0 {
			b.WriteString("\n")
		}
	}
	return b.String()
}

// Random block-style YAML is converted by the fast converter to the same bytes as by the real one, if at all.
func TestPlainConverterAgreesWithTheParser(t *testing.T) {
	words := []string{
		"a:", "b:", "c: d", "a: 'x y'", `b: "z"`, "- a", "- a:", "- b: c", "- ", "-", "- - a", "a: {}", "b: []", "c: 1", "a: -1", "b: 01",
		"a: true", "y: a", "a: no", "b: a:b", "c: a: b", "# x", "", "a: b # c", "a: b#c", "- 'a'", "- \"a\" ", "c: |", "a", "a:  b", "1: a",
		"---", "a: /x/y", "b: 0a1b2c3d-0000-4000-8000-000000000000", "- system:x:y", "c: 'it''s'", `c: "a\nb"`, "a.b/c: d", "a: &x b", "b: *x",
		"'a': b", "a: <b>", "a: 12345678901234567890", "a: 1e3", "?", "a: 'b' c", "a: [b, c]", "- {a: b}", "a: é", "# é", "  ", "\t", "a: 2020-01-01",
	}
	for range 4 {
		words = append(words, words[:14]...) // the rest is what surprises
	}
	converted := 0
	for seed := range uint64(8_000) {
		text := lines(rand.New(rand.NewPCG(seed, 1)), 8, words)
		got, ok := convertPlain([]byte(text))
		if !ok {
			continue
		}
		converted++
		if want, err := kyaml.YAMLToJSONStrict([]byte(text)); err != nil || string(got) != string(want) {
			t.Fatalf("%q\ngot  %s\nwant %s, error %v", text, got, want, err)
		}
	}
	if converted < 500 {
		t.Errorf("only %d texts were converted", converted)
	}
}

// In random streams of lists and documents no object gets lost or is made up, however the text is cut.
func TestCuttingFindsWhatParsingFinds(t *testing.T) {
	words := []string{
		"apiVersion: rbac.authorization.k8s.io/v1", "kind: Role", "kind: List", "kind: RoleList", "apiVersion: v1", "items:", "items: []",
		"- kind: Role", "- apiVersion: rbac.authorization.k8s.io/v1", "  kind: Role", "- metadata: {name: a}", "metadata: {name: b}", "---", "...",
		"- {apiVersion: rbac.authorization.k8s.io/v1, kind: Role}", `{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}`,
		"# c", "", "x: 'a", "b'", "x: |", "y: &a", "z: *a", "- &a {kind: ConfigMap, apiVersion: v1}", "- *a", "- |", "%YAML 1.1", "--- # c", "items: # c",
		"kind: Role\r\nmetadata:\r", "\u2028---", "- kind: RoleList\n  items:\n  - {}", `"items":`, "items : ", "? items", "- - kind: Role",
	}
	compared := 0
	for seed := range uint64(8_000) {
		text := lines(rand.New(rand.NewPCG(seed, 2)), 14, words)
		objects, diags, _ := Read(context.Background(), []Source{{Name: "in", Reader: strings.NewReader(text)}})
		want, ok := independent([]byte(text))
		if !ok || diags.HasErrors() {
			continue
		}
		if len(want) > 0 {
			compared++
		}
		if diff := cmp.Diff(want, summary(objects)); diff != "" {
			t.Fatalf("seed %d: %q\n%s", seed, text, diff)
		}
	}
	if compared < 20 {
		t.Errorf("only %d texts held an object", compared)
	}
}

// A list that is cut into items reads like the same list in JSON, and like the same list in one piece.
func TestCutListsReadLikeWholeOnes(t *testing.T) {
	item := func(r *rand.Rand) string {
		const head = "- apiVersion: rbac.authorization.k8s.io/v1\n  kind: Role\n  metadata:\n"
		return head + []string{
			"    name: a\n", "    name: 'b'\n    # comment\n", "    name: >-\n      c\n\n", "    name: \"d\\\n      e\"\n", "    name:\n      f\n",
			"    annotations:\n      x: |\n        items:\n        - g\n    name: g\n", "    name: h\n\n# comment\n", "    {name: i,\n     namespace: j}\n",
		}[r.IntN(8)]
	}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 3))
		body := ""
		for range r.IntN(5) + 1 {
			body += item(r)
		}
		if r.IntN(2) == 0 {
			body = strings.ReplaceAll("  "+strings.ReplaceAll(body, "\n", "\n  "), "\n  \n", "\n\n")
			body = strings.TrimRight(body, " ")
		}
		text := "kind: List\nitems:\n" + body + "apiVersion: v1\n"
		s := newSplitter([]byte(text))
		docs := slices.Collect(s.documents())
		if len(docs) != 1 {
			t.Fatalf("%d documents in %q", len(docs), text)
		}
		if _, _, ok := splitList(s, docs[0]); !ok {
			t.Fatalf("not cut: %q", text)
		}
		whole, err := kyaml.YAMLToJSONStrict([]byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(texts(t, whole), texts(t, []byte(text))); diff != "" {
			t.Fatalf("%q:\n%s", text, diff)
		}
	}
}

// texts is the JSON of the objects in a stream, which has to be without fault.
func texts(t *testing.T, stream []byte) []string {
	t.Helper()
	objects, diags, err := Read(context.Background(), []Source{{Name: "in", Reader: bytes.NewReader(stream)}})
	if err != nil || len(diags) > 0 {
		t.Fatalf("%s: %v\n%s", stream, err, diags)
	}
	var all []string
	for _, o := range objects {
		all = append(all, string(o.JSON))
	}
	return all
}
