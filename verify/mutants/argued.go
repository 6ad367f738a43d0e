// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"fmt"
	"strings"
)

// Argued are mutants that no case can tell from the module as it is, by id, with the reason.
type Argued map[string]string

// ParseArgued reads lines with an id each, every one followed by indented lines with the reason.
// Lines that begin with # and empty ones say nothing.
func ParseArgued(text string) (Argued, error) {
	argued, id := Argued{}, ""
	for i, line := range strings.Split(text, "\n") {
		words := strings.TrimSpace(line)
		switch {
		case words == "" || strings.HasPrefix(line, "#"):
			continue
		case words == line:
			if argued[id] == "" && id != "" {
				return nil, fmt.Errorf("line %d: no reason for %s", i, id)
			}
			if _, twice := argued[words]; twice {
				return nil, fmt.Errorf("line %d: %s stands twice", i+1, words)
			}
			id = words
			argued[id] = ""
		case id == "":
			return nil, fmt.Errorf("line %d: a reason without mutant", i+1)
		default:
			argued[id] = strings.TrimSpace(argued[id] + " " + words)
		}
	}
	if id != "" && argued[id] == "" {
		return nil, fmt.Errorf("no reason for %s", id)
	}
	return argued, nil
}
