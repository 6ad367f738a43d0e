// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// enough is the share, in percent, of statements that are not dead and have to be executed.
const enough = 97.0

// count counts statements.
type count struct{ all, executed, dead, elsewhere int }

// share is how much is executed of what can be, in percent.
func (c count) share() float64 { return percent(c.executed, c.all-c.dead) }

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// report is what was measured, and what is wrong with the list.
type report struct {
	packages map[string]*count
	total    count
	// unlisted are statements that are not executed, and stand in no list. executed are listed ones
	// that are, and functions of which a part is. unknown are listed and nowhere to be found.
	unlisted, executed, unknown []string
}

// check compares statements with the list.
func check(statements []block, listed list) *report {
	r := &report{packages: map[string]*count{}}
	found := map[string]bool{}
	for _, b := range statements {
		if listed[b.function] == outside {
			found[b.function] = true
			if b.executed && !slices.Contains(r.executed, b.function) {
				r.executed = append(r.executed, b.function)
			}
			continue
		}
		if r.packages[b.pkg] == nil {
			r.packages[b.pkg] = &count{}
		}
		known := listed[b.where]
		for _, c := range []*count{r.packages[b.pkg], &r.total} {
			c.add(b, known)
		}
		switch {
		case !b.executed && known == "":
			r.unlisted = append(r.unlisted, b.where)
		case !b.executed:
			found[b.where] = true
		}
	}
	for _, b := range statements { // two blocks may have one name; one of them not executed is enough
		if b.executed && listed[b.where] != "" && !found[b.where] {
			found[b.where] = true
			r.executed = append(r.executed, b.where)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !found[name] {
			r.unknown = append(r.unknown, name)
		}
	}
	return r
}

func (c *count) add(b block, known kind) {
	c.all += b.count
	switch {
	case b.executed:
		c.executed += b.count
	case known == dead:
		c.dead += b.count
	case known == elsewhere:
		c.elsewhere += b.count
	}
}

// write prints the report. The error is errFinding when something is wrong.
func (r *report) write(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, c *count) {
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%.1f %%\t%.1f %%\t  %s\n",
			c.all, c.executed, c.dead, c.elsewhere, c.share(), percent(c.executed, c.all), name)
	}
	fmt.Fprintf(table, "statements\texecuted\tdead\telsewhere\texecuted, of those not dead\tof all\t\n")
	for _, name := range slices.Sorted(maps.Keys(r.packages)) {
		row(name, r.packages[name])
	}
	row("in total", &r.total)
	if err := table.Flush(); err != nil {
		return err
	}
	var wrong strings.Builder
	for _, part := range []struct {
		heading string
		names   []string
	}{
		{"not executed, and not in coverage/unexecuted.txt: add it with a reason, or a case that executes it", r.unlisted},
		{"listed in coverage/unexecuted.txt, and executed: delete it there", r.executed},
		{"listed in coverage/unexecuted.txt, and no statement or function of that name: delete it there", r.unknown},
	} {
		if len(part.names) > 0 {
			fmt.Fprintf(&wrong, "\n%s\n  %s\n", part.heading, strings.Join(part.names, "\n  "))
		}
	}
	if r.total.share() < enough {
		fmt.Fprintf(&wrong, "\n%.1f %% of the statements that are not dead are executed, less than %.0f %%\n", r.total.share(), enough)
	}
	if wrong.Len() == 0 {
		return nil
	}
	if _, err := io.WriteString(to, wrong.String()); err != nil {
		return err
	}
	return errFinding
}
