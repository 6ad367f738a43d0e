// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// row is a line of what each side said. Same is set where they said the same; a side that says
// nothing there has an empty line.
type row struct {
	Native, Ours string
	Same         bool
}

// sideBySide puts both answers next to each other, phase by phase, equal lines in one row.
func sideBySide(native, ours *Recorded) []row {
	a, b := native.sections(), ours.sections()
	var rows []row
	for i := range max(len(a), len(b)) {
		x, y := nth(a, i), nth(b, i)
		if len(x) > 0 && len(y) > 0 {
			rows = append(rows, row{x[0], y[0], x[0] == y[0]})
			x, y = x[1:], y[1:]
		}
		rows = append(rows, aligned(x, y)...)
	}
	return rows
}

// aligned puts the lines of both lists into rows.
func aligned(a, b []string) []row {
	var rows []row
	i, j := 0, 0
	for _, next := range append(common(a, b), [2]int{len(a), len(b)}) {
		for i < next[0] || j < next[1] {
			r := row{}
			if i < next[0] {
				r.Native, i = a[i], i+1
			}
			if j < next[1] {
				r.Ours, j = b[j], j+1
			}
			rows = append(rows, r)
		}
		if i < len(a) {
			rows = append(rows, row{a[i], b[j], true})
			i, j = i+1, j+1
		}
	}
	return rows
}

// Detail says whether the row belongs to one above.
func (r row) Detail() bool { return strings.HasPrefix(r.Native+r.Ours, " ") }

// maxCommon bounds the work that aligning two answers takes.
const maxCommon = 1 << 20

// common are the places of a longest common subsequence.
func common(a, b []string) [][2]int {
	if len(a)*len(b) > maxCommon {
		return nil
	}
	width := len(b) + 1
	length := make([]int, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i*width+j] = length[(i+1)*width+j+1] + 1
			} else {
				length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1])
			}
		}
	}
	var places [][2]int
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			places = append(places, [2]int{i, j})
			i, j = i+1, j+1
		case length[(i+1)*width+j] >= length[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return places
}

// sections are the answer in words: the lines of each phase, then those on API validation. Lines
// that belong to one above are indented.
func (r *Recorded) sections() [][]string {
	if r == nil {
		return nil
	}
	var list [][]string
	for _, phase := range []Phase{Mutate, Validate} {
		var lines []string
		if v := r.of(phase); v != nil {
			lines = append([]string{fmt.Sprintf("%s: %s", phase, v.decision())}, v.details()...)
		}
		list = append(list, lines)
	}
	var lines []string
	for _, text := range r.APIErrors {
		lines = append(lines, "API validation refuses: "+printable(text))
	}
	return append(list, lines)
}

func (v *RecordedVerdict) decision() string {
	switch {
	case v.Fault != "":
		return "no answer"
	case v.Unhandled:
		return "leaves the request alone"
	case !v.Allowed:
		return "refuses"
	case v.Policy == "":
		return "allows"
	}
	return "allows, by policy " + printable(v.Policy)
}

func (v *RecordedVerdict) details() []string {
	var lines []string
	for _, text := range []string{v.Fault, v.Message} {
		if text != "" {
			lines = append(lines, "  "+printable(text))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v.Audit)) {
		lines = append(lines, "  audit "+printable(key+": "+v.Audit[key]))
	}
	for _, change := range v.Changes {
		lines = append(lines, "  "+printable(change))
	}
	return lines
}

// printable is a text on one line without what a terminal would obey.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// columnWidth is the width of each of two columns of text.
const columnWidth = 56

// columns writes rows as text.
func (p *printer) columns(rows []row, judged string) {
	line := func(left, mark, right string) {
		pad := strings.Repeat(" ", max(0, columnWidth-utf8.RuneCountInString(left)))
		p.f("  %s\n", strings.TrimRight(left+pad+" "+mark+" "+right, " "))
	}
	line("native", " ", judged)
	for _, r := range rows {
		left, right := wrap(r.Native, columnWidth), wrap(r.Ours, columnWidth)
		mark := "|"
		if r.Same {
			mark = " "
		}
		for i := range max(len(left), len(right)) {
			line(nth(left, i), mark, nth(right, i))
		}
	}
}

func nth[T any](list []T, i int) T {
	if i < len(list) {
		return list[i]
	}
	var none T
	return none
}

// wrap breaks a line, at blanks where it can, and indents what follows more than the line.
func wrap(text string, width int) []string {
	rest := []rune(strings.TrimLeft(text, " "))
	first := strings.Repeat(" ", min(len(text)-len(string(rest)), width/4))
	var lines []string
	for indent := first; ; indent = first + "  " {
		room := width - len(indent)
		if len(rest) <= room {
			return append(lines, indent+string(rest))
		}
		cut := room
		for i := room; i > 0; i-- {
			if rest[i] == ' ' {
				cut = i
				break
			}
		}
		lines = append(lines, indent+string(rest[:cut]))
		rest = []rune(strings.TrimLeft(string(rest[cut:]), " "))
	}
}
