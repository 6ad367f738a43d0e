// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// term writes a value as a Rego literal; JSON is one.
func term(value any) rego {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // values are built from the policy's own JSON
	}
	return rego(text)
}

// set writes strings as a Rego set, sorted and without duplicates.
func set[S ~string](names ...[]S) rego {
	members := map[string]bool{}
	for _, list := range names {
		for _, name := range list {
			members[string(name)] = true
		}
	}
	if len(members) == 0 {
		return "set()"
	}
	texts := make([]string, 0, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		texts = append(texts, quote(name))
	}
	return rego("{" + strings.Join(texts, ", ") + "}")
}

// list writes strings as a Rego array, in their order.
func list(names []string) rego {
	if len(names) == 0 {
		return "[]"
	}
	return term(names)
}
