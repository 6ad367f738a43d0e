// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// kind says what a statement that is not executed means for the measure.
type kind string

const (
	// outside: a function that takes no part in the admission of pods. It is not counted.
	outside kind = "outside"
	// dead: no caller of the package can get there. It is not among what has to be executed.
	dead kind = "dead"
	// elsewhere: executed in servers that are set up in another way. It counts as missing.
	elsewhere kind = "elsewhere"
)

// list is what is known not to be executed, by name: functions under outside, statements under the
// others.
type list map[string]kind

// readList reads the file of reasons. A paragraph is a kind, a colon and the reason; the lines
// below it that start with two blanks are what the reason is given for.
func readList(name string) (list, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	listed, err := parseList(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return listed, nil
}

func parseList(text string) (list, error) {
	listed, current := list{}, kind("")
	reasonless := true
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		entry, indented := strings.CutPrefix(line, "  ")
		switch {
		case line == "":
			current = ""
		case strings.HasPrefix(line, "#"):
		case indented && reasonless:
			return nil, fmt.Errorf("%d: no reason above it", i+1)
		case indented && listed[entry] != "":
			return nil, fmt.Errorf("%d: listed twice", i+1)
		case indented && current == "":
			return nil, fmt.Errorf("%d: no paragraph above it", i+1)
		case indented:
			listed[entry] = current
		case current == "":
			head, reason, _ := strings.Cut(line, ":")
			current, reasonless = kind(head), strings.TrimSpace(reason) == ""
			if !slices.Contains([]kind{outside, dead, elsewhere}, current) {
				return nil, fmt.Errorf("%d: a paragraph starts with %q", i+1, head)
			}
		}
	}
	return listed, nil
}
