// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"strings"
)

// plainKey cuts "key:" or "key: value" in two; the key is nil if it is not that simple.
func plainKey(line []byte) (key, value []byte) {
	const longest = 256
	for i, c := range line {
		switch {
		case isWord(c) || i > 0 && (c >= '0' && c <= '9' || strings.IndexByte("./-_", c) >= 0):
			continue
		case c != ':' || i == 0 || i > longest || isReserved(line[:i]):
			return nil, nil
		case i+1 == len(line):
			return line[:i], nil
		case line[i+1] == ' ' && i+2 < len(line) && line[i+2] != ' ':
			return line[:i], line[i+2:]
		}
		return nil, nil
	}
	return nil, nil
}

func isWord(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// isReserved reports whether YAML 1.1 takes a word for something else than a string.
func isReserved(word []byte) bool {
	if len(word) > len("false") {
		return false
	}
	switch strings.ToLower(string(word)) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

// scalar writes the value that is the rest of a line.
func (p *plain) scalar(text []byte) bool {
	switch c := text[0]; {
	case c == '"' || c == '\'':
		return p.quoted(text)
	case isWord(c) || c == '/':
		return p.word(text)
	case c >= '0' && c <= '9':
		return p.number(text)
	case string(text) == "{}" || string(text) == "[]":
		p.out = append(p.out, text...)
		return true
	}
	return false
}

func (p *plain) quoted(text []byte) bool {
	last := len(text) - 1
	if last == 0 || text[last] != text[0] {
		return false
	}
	if !isPrintable(text) || bytes.ContainsAny(text[1:last], `"'\<>&`) {
		return false
	}
	p.string(text[1:last])
	return true
}

// isPrintable reports whether all is ASCII without controls. Anything else may be a line break to YAML.
func isPrintable(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// word writes a string that needs no quotes, or a boolean.
func (p *plain) word(text []byte) bool {
	if isReserved(text) {
		if w := string(text); w == "true" || w == "false" {
			p.out = append(p.out, w...)
			return true
		}
		return false
	}
	for i, c := range text {
		known := isWord(c) || c >= '0' && c <= '9' || strings.IndexByte("./-_@=", c) >= 0
		if !known && (c != ':' || i+1 == len(text)) {
			return false
		}
	}
	p.string(text)
	return true
}

// number writes a small integer, or a UUID that starts with a digit.
func (p *plain) number(text []byte) bool {
	const uuid = len("00000000-0000-0000-0000-000000000000")
	if len(text) == uuid {
		for i, c := range text {
			dash := i == 8 || i == 13 || i == 18 || i == 23
			if dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
		p.string(text)
		return true
	}
	const longest = 15
	if len(text) > longest || text[0] == '0' && len(text) > 1 {
		return false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	p.out = append(p.out, text...)
	return true
}

// string writes a string in which nothing has to be escaped.
func (p *plain) string(text []byte) {
	p.out = append(append(append(p.out, '"'), text...), '"')
}
