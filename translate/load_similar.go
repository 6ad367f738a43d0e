// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"reflect"
	"strings"
)

// similarField is the name of a field of t that path may have been meant to be, "" if none comes close.
func similarField(t reflect.Type, path string) string {
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		name, _, _ := strings.Cut(step, "[")
		if t = fieldType(t, name); t == nil {
			return ""
		}
	}
	wrong := steps[len(steps)-1]
	best, bestDistance := "", 3
	eachField(t, func(name string, _ reflect.Type) {
		distance := editDistance(strings.ToLower(wrong), strings.ToLower(name))
		if distance < bestDistance && distance < len(name)/2 {
			best, bestDistance = name, distance
		}
	})
	return best
}

// fieldType is the type behind a JSON name; that of the items if it is a list, nil if there is no such field.
func fieldType(t reflect.Type, name string) reflect.Type {
	var found reflect.Type
	eachField(t, func(n string, of reflect.Type) {
		if n == name {
			found = of
		}
	})
	return found
}

// eachField calls back for the JSON names of a struct, embedded structs included.
func eachField(t reflect.Type, visit func(name string, of reflect.Type)) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		switch name, _, _ := strings.Cut(f.Tag.Get("json"), ","); {
		case name != "" && name != "-":
			visit(name, f.Type)
		case f.Anonymous:
			eachField(f.Type, visit)
		}
	}
}

// editDistance counts the letters to insert, delete or replace to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
