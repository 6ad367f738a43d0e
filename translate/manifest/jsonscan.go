// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// syntaxError is JSON that cannot be taken apart, and the offset where that shows.
type syntaxError struct {
	offset  int
	message string
}

func (e *syntaxError) Error() string { return e.message }

// member is one key and value of a JSON object.
type member struct {
	key   string
	at    int // offset of the key
	value span
}

// scanner takes JSON text apart without judging what is inside a value: whoever decodes the value does that. It lets the
// items of a large list be found in one quick pass and decoded one by one.
type scanner struct{ data []byte }

// skip is the offset of the next character that is no white space.
func (s scanner) skip(off int) int {
	for off < len(s.data) {
		switch s.data[off] {
		case ' ', '\t', '\r', '\n':
			off++
		default:
			return off
		}
	}
	return off
}

// is reports whether the next character, after white space, is c, and gives the offset behind it if so.
func (s scanner) is(off int, c byte) (int, bool) {
	off = s.skip(off)
	if off < len(s.data) && s.data[off] == c {
		return off + 1, true
	}
	return off, false
}

func (s scanner) unexpected(off int, want string) error {
	if off >= len(s.data) {
		return &syntaxError{len(s.data), "unexpected end, expected " + want}
	}
	r := bytes.Runes(s.data[off:min(off+4, len(s.data))])[0]
	return &syntaxError{off, fmt.Sprintf("unexpected %q, expected %s", r, want)}
}

// value finds the end of the value at off: a string, an object or array up to its closing bracket, or a literal.
func (s scanner) value(off int) (span, error) {
	off = s.skip(off)
	if off >= len(s.data) {
		return span{}, s.unexpected(off, "a value")
	}
	switch c := s.data[off]; c {
	case '"':
		end, err := s.str(off)
		return span{off, end}, err
	case '{', '[':
		end, err := s.brackets(off)
		return span{off, end}, err
	}
	end := off
	for end < len(s.data) && isLiteral(s.data[end]) {
		end++
	}
	if end == off {
		return span{}, s.unexpected(off, "a value")
	}
	return span{off, end}, nil
}

func isLiteral(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

// str finds the end of the string that starts at off.
func (s scanner) str(off int) (int, error) {
	for i := off + 1; i < len(s.data); i++ {
		switch s.data[i] {
		case '"':
			return i + 1, nil
		case '\\':
			i++
		case '\n':
			return 0, &syntaxError{i, "unexpected line break in a string"}
		}
	}
	return 0, &syntaxError{off, "this string has no end"}
}

// brackets finds the end of the object or array that starts at off. It counts brackets of both kinds together; the
// decoder notices if they do not match.
func (s scanner) brackets(off int) (int, error) {
	depth := 0
	for i := off; i < len(s.data); i++ {
		switch s.data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		case '"':
			end, err := s.str(i)
			if err != nil {
				return 0, err
			}
			i = end - 1
		}
	}
	return 0, &syntaxError{off, fmt.Sprintf("this %q is never closed", s.data[off])}
}

// object lists the members of the object at off.
func (s scanner) object(off int) (members []member, end int, err error) {
	off, ok := s.is(off, '{')
	if !ok {
		return nil, 0, s.unexpected(off, "an object")
	}
	if end, ok := s.is(off, '}'); ok {
		return nil, end, nil
	}
	for {
		at := s.skip(off)
		if at >= len(s.data) || s.data[at] != '"' {
			return nil, 0, s.unexpected(at, "a key in double quotes")
		}
		if off, err = s.str(at); err != nil {
			return nil, 0, err
		}
		var key string
		if err := json.Unmarshal(s.data[at:off], &key); err != nil {
			return nil, 0, &syntaxError{at, "invalid key: " + err.Error()}
		}
		if off, ok = s.is(off, ':'); !ok {
			return nil, 0, s.unexpected(off, `":" after the key`)
		}
		value, err := s.value(off)
		if err != nil {
			return nil, 0, err
		}
		if len(members) == maxFields {
			return nil, 0, &syntaxError{at, fmt.Sprintf("more than %d fields in one object", maxFields)}
		}
		members = append(members, member{key: key, at: at, value: value})
		if off, ok = s.is(value.end, ','); ok {
			continue
		}
		if off, ok = s.is(off, '}'); ok {
			return members, off, nil
		}
		return nil, 0, s.unexpected(off, `"," or "}"`)
	}
}

// array lists the values of the array at off.
func (s scanner) array(off int) (values []span, err error) {
	off, ok := s.is(off, '[')
	if !ok {
		return nil, s.unexpected(off, "an array")
	}
	if _, ok := s.is(off, ']'); ok {
		return nil, nil
	}
	for {
		value, err := s.value(off)
		if err != nil {
			return nil, err
		}
		if len(values) == MaxObjects {
			return nil, &syntaxError{value.off, fmt.Sprintf("more than %d items in one list", MaxObjects)}
		}
		values = append(values, value)
		if off, ok = s.is(value.end, ','); ok {
			continue
		}
		if off, ok = s.is(off, ']'); ok {
			return values, nil
		}
		return nil, s.unexpected(off, `"," or "]"`)
	}
}
