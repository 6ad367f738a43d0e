// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"psp2rego/translate/diagnostic"
)

// newCodesTopic is "help codes". It has no RunE: cobra shows such a command's help.
func newCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "codes", Long: codesHelp()}
}

// codesHelp explains every diagnostic there is.
func codesHelp() string {
	var b strings.Builder
	b.WriteString(wrap("", "What psp2rego says about its input is printed as file:line:column: severity: field: message [CODE], "+
		"mostly with a hint. Errors stop the translation; warnings and notes do not. A code keeps its meaning."))
	for _, code := range diagnostic.Codes() {
		fmt.Fprintf(&b, "\n%s  %s\n%s", code.ID, code.Title, wrap("        ", code.Explanation+" "+code.Hint))
	}
	return b.String()
}

// wrap breaks text into lines of at most 100 characters, each behind the indent.
func wrap(indent, text string) string {
	var b strings.Builder
	length := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case length == 0:
			b.WriteString(indent)
			length = len(indent)
		case length+1+len(word) > 100:
			b.WriteString("\n" + indent)
			length = len(indent)
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	b.WriteByte('\n')
	return b.String()
}
