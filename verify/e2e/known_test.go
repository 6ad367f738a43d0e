// SPDX-License-Identifier: Apache-2.0

package main

// hits counts the known differences that came up, by name.
var hits = map[string]int{}

func seen(names []string) {
	for _, name := range names {
		hits[name]++
	}
}
