// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"regexp"
	"slices"
	"strings"
)

// violation begins each part of a refusal.
var violation = regexp.MustCompile(`(?:^|[ \[])(?:spec|pod|metadata|initContainers|containers)[.\[][^ ]*: (?:Invalid value|Forbidden|Required value|Unsupported value|Not found|Internal error)`)

// sameMessage compares refusals. The plugin joins the parts of several policies in an order that is different each time.
func sameMessage(a, b string) bool {
	if a == b {
		return true
	}
	return len(a) == len(b) && slices.Equal(parts(a), parts(b))
}

func parts(message string) []string {
	message = strings.TrimSuffix(message, "]")
	var all []string
	begin := 0
	for _, at := range violation.FindAllStringIndex(message, -1) {
		all = append(all, strings.TrimSpace(message[begin:at[0]]))
		begin = at[0] + 1
	}
	all = append(all, strings.TrimSpace(message[begin:]))
	slices.Sort(all)
	return all
}
