// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// leaf is a value in a document that has none below it.
type leaf struct {
	path  []any // keys and indexes
	value any
}

// leaves are those of a document in its order, without what says which kind of object it is.
func leaves(node any, path []any) []leaf {
	below := func(step any) []any { return append(slices.Clone(path), step) }
	var list []leaf
	switch n := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(n)) {
			if len(path) > 0 || key != "kind" && key != "apiVersion" {
				list = append(list, leaves(n[key], below(key))...)
			}
		}
	case []any:
		for i, item := range n {
			list = append(list, leaves(item, below(i))...)
		}
	}
	if len(list) == 0 && len(path) > 0 {
		return []leaf{{path, node}}
	}
	return list
}

// absent stands for a value that is taken away.
var absent any = new(struct{ byte })

// others are values to put in the place of a leaf's.
func others(l leaf) []any {
	list := []any{absent}
	switch v := l.value.(type) {
	case bool:
		return append(list, !v)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return append(list, json.Number(fmt.Sprint(n+1)), json.Number(fmt.Sprint(n-1)))
		}
	case string:
		if l.path[len(l.path)-1] == "rule" { // a strategy that asks for nothing
			return append(list, "RunAsAny")
		}
		return append(list, v+"x")
	}
	return list
}

// at is what stands at a path; absent if nothing does.
func at(node any, path []any) any {
	for _, step := range path {
		switch n := node.(type) {
		case map[string]any:
			key, _ := step.(string)
			value, ok := n[key]
			if !ok {
				return absent
			}
			node = value
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(n) {
				return absent
			}
			node = n[i]
		default:
			return absent
		}
	}
	return node
}

// replaced is the document with another value at a path that it has. The document is not changed.
func replaced(node any, path []any, with any) any {
	if len(path) == 0 {
		return with
	}
	switch n := node.(type) {
	case map[string]any:
		m, key := maps.Clone(n), path[0].(string)
		if m[key] = replaced(m[key], path[1:], with); m[key] == absent {
			delete(m, key)
		}
		return m
	case []any:
		list, i := slices.Clone(n), path[0].(int)
		if with == absent && len(path) == 1 {
			return slices.Delete(list, i, i+1)
		}
		list[i] = replaced(list[i], path[1:], with)
		return list
	}
	return node
}

// fieldPath writes a path as Kubernetes does.
func fieldPath(path []any) string {
	var b strings.Builder
	for _, step := range path {
		switch key, name := step.(string); {
		case !name:
			fmt.Fprintf(&b, "[%d]", step)
		case strings.ContainsAny(key, ".[]") || key == "":
			fmt.Fprintf(&b, "[%s]", key)
		case b.Len() > 0:
			b.WriteString("." + key)
		default:
			b.WriteString(key)
		}
	}
	return b.String()
}
