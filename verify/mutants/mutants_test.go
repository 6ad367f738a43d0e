// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"psp2rego/rego"
)

func mutantsOf(t *testing.T, source string) []Mutant {
	t.Helper()
	found, err := Of("m.rego", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// faults are the mutants of a module as "operator: before => after".
func faults(t *testing.T, source string) []string {
	t.Helper()
	var all []string
	for _, m := range mutantsOf(t, source) {
		all = append(all, fmt.Sprintf("%s: %s => %s", m.Operator, m.Before, m.After))
	}
	return all
}

func TestEachOperatorMakesItsFaults(t *testing.T) {
	for operator, tc := range map[string]struct {
		source string
		want   []string
	}{
		Negate:         {"x if { input.a; not input.b }", []string{"input.a => not input.a", "not input.b => input.b"}},
		DropExpression: {"x if { input.a; input.b }", []string{"input.a => ", "input.b => "}},
		DropRule:       {"x := 1\ny := x", []string{"x := 1 => ", "y := x => "}},
		DropBranch:     {"x := 1 if input.a else := 2", []string{"first branch: if input.a => ", "x := 2 => "}},
		SwapComparison: {"x if { input.a < 1 }\ny if { input.a >= 1 }\nz if { input.a == 1 }", []string{
			"input.a < 1 => input.a <= 1", "input.a >= 1 => input.a > 1", "input.a == 1 => input.a != 1",
		}},
		SwapOperator:  {"x := input.a - input.b", []string{"input.a - input.b => input.a & input.b", "input.a - input.b => input.a + input.b"}},
		SwapArguments: {"x := input.a - input.b", []string{"input.a - input.b => input.b - input.a"}},
		SwapFunction:  {"x := min(input.a)", []string{"min(input.a) => max(input.a)"}},
		SwapList:      {"x := input.spec.initContainers", []string{"input.spec.initContainers => input.spec.containers"}},
		Number:        {"x := input.a[0]", []string{"input.a[0] => input.a[1]", "input.a[0] => input.a[-1]"}},
		Text:          {`x := input.a["a/b"]`, []string{`input.a["a/b"] => input.a["a/b~"]`}},
		FlipBoolean:   {"x if input.a == true", []string{"x => x := false", "input.a == true => input.a == false"}},
		SkipElement:   {"x := [input.a, input.b]", []string{"[input.a, input.b] => [input.b]", "[input.a, input.b] => [input.a]"}},
		DropKey:       {"x := {1: input.a, 2: input.b}", []string{"{1: input.a, 2: input.b} => {2: input.b}", "{1: input.a, 2: input.b} => {1: input.a}"}},
		Empty: {"x := {y | some y in input.a}\nz := [y | some y in input.a]", []string{
			"{y | some y in input.a} => set()", "[y | some y in input.a] => []",
		}},
		SomeEvery: {"x if { some y in input.a; y.b }\nz if { every y in input.a { y.b } }", []string{
			"some y in input.a y.b => every y in input.a { y.b }", "every y in input.a { y.b } => some y in input.a y.b",
		}},
	} {
		t.Run(operator, func(t *testing.T) {
			var got []string
			for _, fault := range faults(t, "package p\n\n"+tc.source) {
				if text, ok := strings.CutPrefix(fault, operator+": "); ok {
					got = append(got, text)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the parser adds to a rule is nothing that somebody could have written wrongly.
func TestWhatIsNotWrittenIsNotMadeFaulty(t *testing.T) {
	for _, source := range []string{"x := y\ny := input", "x contains y\ny := input", "default x := null"} {
		for _, fault := range faults(t, "package p\n\n"+source) {
			if !strings.HasPrefix(fault, DropRule+": ") {
				t.Errorf("%s: %s", source, fault)
			}
		}
	}
}

const module = `# METADATA
# title: p
package p

x if {
	input.a == 1
	input.b == 1
}

x if input.a == 1
`

func ids(t *testing.T, source string) []string {
	t.Helper()
	var all []string
	for _, m := range mutantsOf(t, source) {
		all = append(all, m.ID)
	}
	return all
}

func TestIDsStayWhenSomethingElseChanges(t *testing.T) {
	before := ids(t, module)
	if n := len(slices.Compact(slices.Sorted(slices.Values(before)))); n != len(before) || n < 10 {
		t.Errorf("%d ids, %d different ones", len(before), n)
	}
	for name, edited := range map[string]string{
		"a comment":      strings.Replace(module, "\ninput", "\n# note\n\tinput", 1),
		"another rule":   strings.Replace(module, "x if", "y := 2\n\nx if", 1),
		"a longer body":  strings.Replace(module, "\tinput.b == 1", "\tinput.c\n\tinput.b == 1", 1),
		"another layout": strings.Replace(module, "{\n\tinput.a == 1\n", "{ input.a == 1;\n", 1),
	} {
		after := ids(t, edited)
		for _, id := range before {
			if !slices.Contains(after, id) && !strings.HasPrefix(id, "m.rego:x:"+DropRule) {
				t.Errorf("%s: %s is gone", name, id)
			}
		}
	}
	if after := ids(t, strings.ReplaceAll(module, "input.b == 1", "input.b == 2")); slices.Equal(before, after) {
		t.Error("another expression, and the ids are the same")
	}
}

// A table is too long to be shown, and an id that named all of it would change with every line.
func TestWhatIsLeftOutOfALongLiteralIsShownAlone(t *testing.T) {
	var lines, want []string
	for i := range 40 {
		lines = append(lines, fmt.Sprintf("%q: %d", fmt.Sprint("key", i), i))
		want = append(want, fmt.Sprintf("%s: %q: %d => ", DropKey, fmt.Sprint("key", i), i))
	}
	got := faults(t, "package p\n\nx := {"+strings.Join(lines, ", ")+"}")
	for _, fault := range want {
		if !slices.Contains(got, fault) {
			t.Errorf("there is no %s", fault)
		}
	}
}

func TestMutantsDifferFromEachOtherInOnePlace(t *testing.T) {
	texts := map[string]bool{}
	for _, m := range mutantsOf(t, module) {
		if texts[string(m.Text)] {
			t.Errorf("%s: the same text as another", m.ID)
		}
		texts[string(m.Text)] = true
		if _, err := ast.ParseModule(m.File, string(m.Text)); err != nil {
			t.Errorf("%s: %v", m.ID, err)
		}
		if m.Line < 5 || m.Line > 10 || m.Rule != "x" {
			t.Errorf("%s: line %d, rule %s", m.ID, m.Line, m.Rule)
		}
	}
}

// The library in the layout of mutants is still the library: printing it again changes nothing.
func TestTheLibraryIsPrintedAsItIs(t *testing.T) {
	modules := 0
	err := fs.WalkDir(rego.Files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".rego") || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		source, err := fs.ReadFile(rego.Files, name)
		if err != nil {
			return err
		}
		modules++
		first := printed(t, name, string(source))
		if diff := cmp.Diff(first, printed(t, name, first)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		return nil
	})
	if err != nil || modules < 30 {
		t.Errorf("%d modules, %v", modules, err)
	}
}

func printed(t *testing.T, name, source string) string {
	t.Helper()
	parsed, err := ast.ParseModule(name, source)
	if err != nil {
		t.Fatal(err)
	}
	parsed.Comments, parsed.Annotations = nil, nil
	text, err := (&mutator{}).print(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSourceThatIsNoRegoIsAnError(t *testing.T) {
	if _, err := Of("m.rego", []byte("x := 1")); err == nil || !strings.Contains(err.Error(), "m.rego:1") {
		t.Errorf("got %v", err)
	}
}
