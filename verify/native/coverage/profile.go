// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// place is a line and a column, both counted from one.
type place struct{ line, column int }

func (p place) before(q place) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}

// span is a part of a source file that a profile counts.
type span struct {
	file       string
	from, to   place
	statements int
	executed   bool
}

// within says whether the span lies between two places.
func (s span) within(from, to place) bool {
	return !s.from.before(from) && !to.before(s.to)
}

// parseProfile reads the text form of coverage counters. Spans without statements are left out.
func parseProfile(text string) ([]span, error) {
	var spans []span
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "mode: ") {
			continue
		}
		s := span{}
		colon := strings.LastIndex(line, ":")
		if colon < 0 {
			return nil, fmt.Errorf("line %d: no colon", i+1)
		}
		s.file = line[:colon]
		times := 0
		_, err := fmt.Sscanf(line[colon+1:], "%d.%d,%d.%d %d %d",
			&s.from.line, &s.from.column, &s.to.line, &s.to.column, &s.statements, &times)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		s.executed = times > 0
		if s.statements > 0 {
			spans = append(spans, s)
		}
	}
	return spans, nil
}
