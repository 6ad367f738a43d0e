// SPDX-License-Identifier: Apache-2.0

package diagnostic

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiagnosticIsPrintedOnOneLineAndItsHintOnAnother(t *testing.T) {
	for name, tc := range map[string]struct {
		d    Diagnostic
		want string
	}{
		"everything": {
			Diagnostic{Position{"psp.yaml", 14, 5}, Error, UnknownRule, "spec.runAsUser.rule", `unknown rule "MustRun"`, "it is one of ..."},
			"psp.yaml:14:5: error: spec.runAsUser.rule: unknown rule \"MustRun\" [PSP103]\n  hint: it is one of ...",
		},
		"no hint":        {Diagnostic{Position{"a", 1, 2}, Warning, "C", "f", "m", ""}, "a:1:2: warning: f: m [C]"},
		"no field":       {Diagnostic{Position{"a", 1, 2}, Note, "C", "", "m", ""}, "a:1:2: note: m [C]"},
		"no column":      {Diagnostic{Position{"a", 1, 0}, Note, "C", "", "m", ""}, "a:1: note: m [C]"},
		"whole file":     {Diagnostic{Position{File: "a"}, Note, "C", "", "m", ""}, "a: note: m [C]"},
		"whole input":    {Diagnostic{Position{}, Note, "C", "", "m", ""}, "note: m [C]"},
		"hostile text":   {Diagnostic{Position{}, Error, "C", "x\ny", "a\u2028b\x1b[31m\xff\u202e", ""}, `error: x\ny: a\u2028b\x1b[31m\xff\u202e [C]`},
		"foreign script": {Diagnostic{Position{}, Error, "C", "", "größe 大 �", ""}, "error: größe 大 � [C]"},
		"hostile file":   {Diagnostic{Position{"a\nb", 1, 1}, Error, "C", "", "m", ""}, `a\nb:1:1: error: m [C]`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.d.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSortOrdersByPlaceThenCodeThenText(t *testing.T) {
	want := List{
		{},
		{Pos: Position{"a", 0, 0}},
		{Pos: Position{"a", 2, 0}},
		{Pos: Position{"a", 2, 1}, Code: "A"},
		{Pos: Position{"a", 2, 1}, Code: "B"},
		{Pos: Position{"a", 2, 1}, Code: "B", Field: "f"},
		{Pos: Position{"a", 2, 1}, Code: "B", Field: "f", Message: "m"},
		{Pos: Position{"a", 10, 1}},
		{Pos: Position{"b", 1, 1}},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	got.Sort()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyErrorsStopTheTranslation(t *testing.T) {
	l := List{{Severity: Note}, {Severity: Warning}}
	if l.HasErrors() {
		t.Error("notes and warnings taken for errors")
	}
	if l = append(l, Diagnostic{Severity: Error}); !l.HasErrors() {
		t.Error("error not seen")
	}
}

func TestCollectorKeepsAHundredOfEachCode(t *testing.T) {
	var c Collector
	c.Add(Diagnostic{Code: "B", Severity: Error, Message: "only one"})
	for i := range 250 {
		if c.Wants("A") != (i < MaxAlike) {
			t.Fatalf("finding %d is wanted: %v", i, c.Wants("A"))
		}
		severity := Warning
		if i == 249 {
			severity = Error
		}
		c.Add(Diagnostic{Code: "A", Severity: severity, Pos: Position{File: "f", Line: i + 1}})
	}
	list := c.List()
	if len(list) != 102 || list[101].Pos.Line != 100 || list[1].Message != "only one" {
		t.Errorf("%d findings: %v", len(list), list)
	}
	if got := list[0].String(); got != "error: 150 more findings of this kind are not shown [A]" {
		t.Error(got)
	}
	if diff := cmp.Diff(list, c.List()); diff != "" {
		t.Error(diff)
	}
}

func TestCollectorRemembersErrorsThatItDoesNotKeep(t *testing.T) {
	var c Collector
	for range MaxAlike {
		c.Add(Diagnostic{Code: "A", Severity: Warning})
	}
	if c.HasErrors() {
		t.Error("warnings taken for errors")
	}
	if c.Add(Diagnostic{Code: "A", Severity: Error}); !c.HasErrors() {
		t.Error("error forgotten")
	}
}

// Each constant has an entry in the table and the other way round, in the order of their numbers.
func TestTableExplainsEveryCode(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok {
			id, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, id)
		}
		return true
	})
	var got []string
	for _, c := range Codes() {
		got = append(got, c.ID)
		if c.Title == "" || !strings.HasSuffix(c.Explanation, ".") || !strings.HasSuffix(c.Hint, ".") {
			t.Errorf("%s is not explained in full sentences", c.ID)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.IsSorted(got) {
		t.Errorf("not sorted: %v", got)
	}
}
