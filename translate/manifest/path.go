// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strconv"
	"strings"
)

// find is the offset of a field below the JSON value at off: of its key, or of the item of an array.
func (s scanner) find(off int, path []string) int {
	off = s.skip(off)
	at := off
	for _, step := range path {
		if off >= len(s.data) {
			return at
		}
		found := false
		switch s.data[off] {
		case '{':
			members, _, err := s.object(off)
			for _, m := range members {
				if err == nil && m.key == step {
					off, at, found = m.value.off, m.at, true
				}
			}
		case '[':
			values, err := s.array(off)
			if i, bad := strconv.Atoi(step); err == nil && bad == nil && i >= 0 && i < len(values) {
				off, at, found = values[i].off, values[i].off, true
			}
		}
		if !found {
			return at
		}
	}
	return at
}

// fieldPath cuts a field into its steps: names, indices, and keys in brackets, which may hold anything but a closing one.
func fieldPath(field string) []string {
	var steps []string
	for field != "" {
		if field[0] == '[' {
			if end := strings.IndexByte(field, ']'); end > 0 {
				steps = append(steps, field[1:end])
				field = strings.TrimPrefix(field[end+1:], ".")
				continue
			}
		}
		end := strings.IndexAny(field[1:], ".[") + 1
		if end == 0 {
			end = len(field)
		}
		steps = append(steps, field[:end])
		field = strings.TrimPrefix(field[end:], ".")
	}
	return steps
}

// PathAt is the path of the value of a JSON object that holds the byte before offset, as Position takes it.
func PathAt(object []byte, offset int) string {
	s := scanner{object}
	var path strings.Builder
	for off := s.skip(0); off < len(object); {
		at := -1
		switch object[off] {
		case '{':
			members, _, _ := s.object(off)
			for _, m := range members {
				if m.value.off < offset && offset <= m.value.end {
					path.WriteString(step(path.Len() == 0, m.key))
					at = m.value.off
				}
			}
		case '[':
			values, _ := s.array(off)
			for i, v := range values {
				if v.off < offset && offset <= v.end {
					path.WriteString("[" + strconv.Itoa(i) + "]")
					at = v.off
				}
			}
		}
		if at < 0 {
			break
		}
		off = at
	}
	return path.String()
}

// step writes one name of a path.
func step(first bool, key string) string {
	switch {
	case strings.ContainsAny(key, ".[]"):
		return "[" + key + "]"
	case first:
		return key
	}
	return "." + key
}
