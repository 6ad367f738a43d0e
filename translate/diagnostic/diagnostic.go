// SPDX-License-Identifier: Apache-2.0

// Package diagnostic holds what psp2rego tells a person about the input: where it is, how bad it is, what is wrong and
// what to do about it.
package diagnostic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a diagnostic means for the translation. The zero value is Note.
type Severity int

const (
	// Note is worth knowing and changes nothing.
	Note Severity = iota
	// Warning is translated as Kubernetes would treat it, which may not be what its author meant.
	Warning
	// Error stops the translation.
	Error
)

// String is the severity's word in printed diagnostics: note, warning or error.
func (s Severity) String() string {
	switch s {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return fmt.Sprintf("severity(%d)", int(s))
}

// Position is a place in the input. Line and Column count from 1, in characters; Line 0 means the whole file, and an
// empty File means the input as a whole.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:column, shorter where less is known and "" for the zero value.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Diagnostic is one finding about the input.
type Diagnostic struct {
	Pos      Position
	Severity Severity
	// Code is one of Codes, stable across releases.
	Code string
	// Field is the path inside the object as Kubernetes writes it (spec.hostPorts[1].min), or "" for the whole object.
	Field string
	// Message says what is wrong, in lower case, on one line.
	Message string
	// Hint says what to do about it, on one line; "" if there is nothing to add.
	Hint string
}

// String is "file:line:col: severity: field: message [CODE]", and the hint, if any, on a second, indented line.
// Control characters that came from the input are written as escapes, so that one diagnostic is never read as two.
func (d Diagnostic) String() string {
	var b strings.Builder
	if pos := d.Pos.String(); pos != "" {
		b.WriteString(Printable(pos) + ": ")
	}
	b.WriteString(d.Severity.String() + ": ")
	if d.Field != "" {
		b.WriteString(Printable(d.Field) + ": ")
	}
	b.WriteString(Printable(d.Message))
	if d.Code != "" {
		b.WriteString(" [" + d.Code + "]")
	}
	if d.Hint != "" {
		b.WriteString("\n  hint: " + Printable(d.Hint))
	}
	return b.String()
}

// List is a set of findings. Its zero value is empty and ready to use.
type List []Diagnostic

// Sort orders by file, line, column, code, field and message, so that the same input always prints the same text.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Field, b.Field),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// HasErrors reports whether any finding stops the translation.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// String is every diagnostic followed by a newline.
func (l List) String() string {
	var b strings.Builder
	for _, d := range l {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}
