// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// generatedFrom is the line of the page from which on it is generated.
const generatedFrom = "<!-- from here on generated from the comments in verify/properties: `make golden` -->\n"

// TestThePageListsEveryProperty keeps docs/verification.md equal to the comments of the properties; UPDATE=1 rewrites it.
func TestThePageListsEveryProperty(t *testing.T) {
	const name = "../../docs/verification.md"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	written, got, ok := strings.Cut(string(data), generatedFrom)
	if !ok {
		t.Fatalf("%s: has no line %q", name, generatedFrom)
	}
	want := page(t)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, []byte(written+generatedFrom+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-comments +page)\n%s", d)
	}
}

func page(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n## The properties\n\n| property | what has to be true | compared | occurs |\n|---|---|---|---|\n")
	var sections strings.Builder
	for _, p := range All() {
		sentence, rest := commentOf(t, p)
		anchor := strings.ReplaceAll(p.Name, "_", "-")
		title := strings.ReplaceAll(p.Name, "_", " ")
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", title, anchor, sentence, p.Strictness, occurs(p))
		fmt.Fprintf(&sections, "\n### %s\n\n%s\n\n%s\n", title, sentence, rest)
	}
	b.WriteString("\n`occurs` is what must come about among the cases, else the property counts as not tried.\n")
	b.WriteString(sections.String())
	b.WriteString("\n## What is compared\n\n| strictness | what counts as a violation |\n|---|---|\n")
	for _, line := range strictnesses(t) {
		b.WriteString(line)
	}
	return b.String()
}

func occurs(p Property) string {
	var all []string
	for _, outcome := range p.Expect {
		all = append(all, string(outcome))
	}
	text := strings.Join(all, ", ")
	if len(all) > 0 {
		text += " (in each aspect)"
	}
	for _, outcome := range p.ExpectOnce {
		text += ", " + string(outcome)
	}
	return strings.TrimPrefix(text, ", ")
}

// commentOf gives the sentence of a property, and what else its comment says, each paragraph on a line.
func commentOf(t *testing.T, p Property) (sentence, rest string) {
	t.Helper()
	name := camel(p.Name)
	for _, f := range parsed(t, p.Name+".go").Decls {
		function, ok := f.(*ast.FuncDecl)
		if !ok || function.Name.Name != name {
			continue
		}
		text, ok := strings.CutPrefix(function.Doc.Text(), name+": ")
		if !ok {
			t.Errorf("%s: the comment does not begin with %q and a sentence", p.Name, name+": ")
		}
		paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
		for i, paragraph := range paragraphs {
			paragraphs[i] = strings.ReplaceAll(paragraph, "\n", " ")
		}
		if len(paragraphs) < 3 || strings.Count(paragraphs[0], ".") != 1 {
			t.Errorf("%s: a sentence, how it is tried, and why it is compared that way are needed: %q", p.Name, paragraphs)
		}
		return paragraphs[0], strings.Join(paragraphs[1:], "\n\n")
	}
	t.Fatalf("%s.go: has no function %s", p.Name, name)
	return "", ""
}

// camel is the name of the function in a file.
func camel(stem string) string {
	words := strings.Split(stem, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

func parsed(t *testing.T, name string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// strictnesses are the rows of the constants of that type.
func strictnesses(t *testing.T) []string {
	t.Helper()
	var rows []string
	ast.Inspect(parsed(t, "strictness.go"), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		value := strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)
		_, text, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(spec.Doc.Text()), "\n", " "), ": ")
		rows = append(rows, fmt.Sprintf("| %s | %s |\n", value, text))
		return true
	})
	if len(rows) != 5 {
		t.Errorf("%d strictnesses: %v", len(rows), rows)
	}
	return rows
}

// TestEachPropertyHasAFileOfItsOwn finds properties that are not listed, and files that grow.
func TestEachPropertyHasAFileOfItsOwn(t *testing.T) {
	listed := map[string]bool{}
	for _, p := range All() {
		listed[p.Name+".go"] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < len(listed) {
		t.Fatal(files, err)
	}
	for _, name := range files {
		found := 0
		for _, declaration := range parsed(t, name).Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Type.Results == nil || len(function.Type.Results.List) != 1 {
				continue
			}
			if result, ok := function.Type.Results.List[0].Type.(*ast.Ident); ok && result.Name == "Property" {
				found++
			}
		}
		if listed[name] != (found == 1) || found > 1 {
			t.Errorf("%s: makes %d properties; listed: %t", name, found, listed[name])
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(data), "\n"); listed[name] && lines > 120 {
			t.Errorf("%s: has %d lines", name, lines)
		}
	}
}
