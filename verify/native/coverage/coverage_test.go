// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const code = `package p

func plain(ok bool) int {
	if ok { return 1 }
	return 2
}

type t struct{}

func (t) value() { println() }

func (*t) pointer() {
	f := func() {
		println()
	}
	f()
}
`

// locateIn is the block of a span of the source above.
func locateIn(t *testing.T, from, to place) block {
	t.Helper()
	name := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(name, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := readSource(name)
	if err != nil {
		t.Fatal(err)
	}
	return s.locate("a/p.go", span{from: from, to: to, statements: 1})
}

func TestBlocksAreNamedByTheirFirstStatement(t *testing.T) {
	for want, at := range map[string][2]place{
		"a/p.go:4 plain":         {{3, 25}, {4, 8}},
		"a/p.go:5 plain":         {{5, 2}, {5, 10}},
		"a/p.go:10 t.value":      {{10, 18}, {10, 31}},
		"a/p.go:13 (*t).pointer": {{12, 22}, {13, 14}},
		"a/p.go:14 (*t).pointer": {{13, 14}, {15, 3}},
	} {
		b := locateIn(t, at[0], at[1])
		if b.where != want {
			t.Errorf("got %q, want %q", b.where, want)
		}
	}
	if b := locateIn(t, place{13, 14}, place{15, 3}); b.function != "a/p.go (*t).pointer" || b.pkg != "a" {
		t.Errorf("got %+v", b)
	}
}

func TestProfile(t *testing.T) {
	spans, err := parseProfile("mode: set\na/b.go:1.2,3.4 5 0\na/b.go:6.7,8.9 0 1\na/b.go:6.7,8.9 1 1\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []span{
		{"a/b.go", place{1, 2}, place{3, 4}, 5, false},
		{"a/b.go", place{6, 7}, place{8, 9}, 1, true},
	}
	if len(spans) != 2 || spans[0] != want[0] || spans[1] != want[1] {
		t.Errorf("got %+v", spans)
	}
	for _, text := range []string{"nonsense", "a.go:1.2,3 4 5", "a.go:x"} {
		if _, err := parseProfile("mode: set\n" + text + "\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestList(t *testing.T) {
	listed, err := parseList("# about\n\noutside: a reason\nthat goes on: here\n  f.go F\n\ndead: r\n  f.go:1 F\n  f.go:2 F\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(listed) != 3 || listed["f.go F"] != outside || listed["f.go:2 F"] != dead {
		t.Errorf("got %v", listed)
	}
	for want, text := range map[string]string{
		"1: a paragraph starts": "because: r\n  f.go F\n",
		"2: no reason":          "dead:\n  f.go F\n",
		"3: listed twice":       "dead: r\n  f.go F\n  f.go F\n",
		"4: no paragraph":       "dead: r\n  f.go F\n\n  f.go G\n",
		"1: no reason":          "  f.go F\n",
	} {
		if _, err := parseList(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func statement(where string, count int, executed bool) block {
	file, rest, _ := strings.Cut(where, ":")
	_, name, _ := strings.Cut(rest, " ")
	return block{pkg: "p", function: file + " " + name, where: where, count: count, executed: executed}
}

func TestCheckAcceptsOnlyTheExactList(t *testing.T) {
	measured := []block{
		statement("f.go:1 F", 97, true), statement("f.go:2 F", 3, false), statement("g.go:1 G", 50, false),
		statement("f.go:3 F", 2, false), // one name for two blocks, of which one is executed
		statement("f.go:3 F", 2, true),
	}
	right := func() list {
		return list{"f.go:2 F": dead, "f.go:3 F": elsewhere, "g.go G": outside}
	}
	for _, tc := range []struct {
		name   string
		change func(list)
		want   []string
	}{
		{"as it is", func(list) {}, []string{"98.0 %  95.2 %  in total"}},
		{"unlisted", func(l list) { delete(l, "f.go:2 F") }, []string{"not executed, and not in", "  f.go:2 F\n"}},
		{"executed", func(l list) { l["f.go:1 F"] = dead }, []string{"and executed: delete it", "  f.go:1 F\n"}},
		{"unknown", func(l list) { l["f.go:9 F"] = dead }, []string{"no statement or function of that name", "  f.go:9 F\n"}},
		{"function runs", func(l list) { l["f.go F"] = outside }, []string{"and executed: delete it", "  f.go F\n"}},
		{"too little", func(l list) { l["f.go:2 F"] = elsewhere }, []string{"95.2 % of the statements that are not dead are executed, less than 97 %"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			listed := right()
			tc.change(listed)
			var out bytes.Buffer
			err := check(measured, listed).write(&out)
			if fine := tc.name == "as it is"; fine != (err == nil) || !fine && !errors.Is(err, errFinding) {
				t.Errorf("error: %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, &out)
				}
			}
		})
	}
}

// The committed list can be read, and each of its paragraphs names something.
func TestCommittedList(t *testing.T) {
	listed, err := readList("unexecuted.txt")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[kind]int{}
	for _, k := range listed {
		kinds[k]++
	}
	if kinds[outside] == 0 || kinds[dead] == 0 || kinds[elsewhere] == 0 {
		t.Errorf("got %v", kinds)
	}
}

func TestWrongUseIsAnError(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, &out, &out); err != nil || !strings.Contains(out.String(), "--root DIR") {
		t.Errorf("--help: %v, %s", err, &out)
	}
	for want, args := range map[string][]string{
		"not defined: -nonsense":  {"--nonsense"},
		`unexpected argument "x"`: {"x"},
	} {
		if err := run(t.Context(), args, &out, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want ...%s", args, err, want)
		}
	}
}
