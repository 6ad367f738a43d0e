// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

const scoreHead = "# What `make mutants` found, and writes here. docs/mutants.md says what it means.\n"

const percentTail = " % of the mutants that are not equivalent were caught"

// Write prints the score as ParseScore reads it.
func (s *Score) Write(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n%s\n\n", scoreHead, s.Cases)
	table := tabwriter.NewWriter(&out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "file\tmutants\tcaught\tequivalent\tsurvived\tinvalid")
	for _, c := range append(s.Files, s.Total()) {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\n", c.File, c.Mutants, c.Caught, c.Equivalent, c.Survived(), c.Invalid)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&out, "\n%.2f%s\n", s.Percent(), percentTail)
	for _, m := range s.Survivors {
		fmt.Fprintf(&out, "\nsurvived %s\n  line %d\n  - %s\n  + %s\n", m.ID, m.Line, m.Before, m.After)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// ParseScore reads what Write wrote.
func ParseScore(text string) (*Score, error) {
	s := &Score{}
	var last *Survivor
	for i, line := range strings.Split(strings.TrimPrefix(text, scoreHead), "\n") {
		fields := strings.Fields(line)
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "file ") || strings.HasPrefix(line, "all ") || strings.HasSuffix(line, percentTail):
		case s.Cases == "":
			s.Cases = line
		case key == "survived":
			file, _, _ := strings.Cut(value, ":")
			s.Survivors = append(s.Survivors, Survivor{ID: value, File: file})
			last = &s.Survivors[len(s.Survivors)-1]
		case last != nil && key == "line":
			last.Line, err = strconv.Atoi(value)
		case last != nil && key == "-":
			last.Before = value
		case last != nil && key == "+":
			last.After = value
		case last == nil && len(fields) == 6:
			err = s.row(fields)
		default:
			err = fmt.Errorf("unexpected %q", line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return s, nil
}

func (s *Score) row(fields []string) error {
	c := Count{File: fields[0]}
	survived := 0
	for i, to := range []*int{&c.Mutants, &c.Caught, &c.Equivalent, &survived, &c.Invalid} {
		var err error
		if *to, err = strconv.Atoi(fields[i+1]); err != nil {
			return err
		}
	}
	if survived != c.Survived() {
		return fmt.Errorf("%s: the numbers do not add up", c.File)
	}
	s.Files = append(s.Files, c)
	return nil
}

// Markdown is the score, and what was argued, as part of a page.
func (s *Score) Markdown(argued Argued) string {
	if len(s.Files) == 0 {
		return "No score is kept yet.\n"
	}
	var out strings.Builder
	total := s.Total()
	fmt.Fprintf(&out, "**%.2f %%** of the mutants that are not equivalent were caught: %d of %d (%s).\n\n",
		s.Percent(), total.Caught, total.Mutants-total.Equivalent, s.Cases)
	out.WriteString("| file | mutants | caught | equivalent | survived | do not compile |\n|---|---|---|---|---|---|\n")
	for _, c := range append(s.Files, total) {
		fmt.Fprintf(&out, "| %s | %d | %d | %d | %d | %d |\n", c.File, c.Mutants, c.Caught, c.Equivalent, c.Survived(), c.Invalid)
	}
	if len(s.Survivors) > 0 {
		out.WriteString("\n| survivor | before | after |\n|---|---|---|\n")
	}
	for _, m := range s.Survivors {
		fmt.Fprintf(&out, "| `%s` line %d | %s | %s |\n", m.ID, m.Line, cell(m.Before), cell(m.After))
	}
	if len(argued) > 0 {
		out.WriteString("\n| equivalent | why |\n|---|---|\n")
	}
	for _, id := range slices.Sorted(maps.Keys(argued)) {
		fmt.Fprintf(&out, "| `%s` | %s |\n", id, strings.ReplaceAll(argued[id], "|", `\|`))
	}
	return out.String()
}

// cell is code in a table's cell.
func cell(code string) string {
	if code == "" {
		return "(nothing)"
	}
	return "<code>" + strings.NewReplacer("&", "&amp;", "<", "&lt;", "|", "&#124;", "\n", " ").Replace(code) + "</code>"
}
