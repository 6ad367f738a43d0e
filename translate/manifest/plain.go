// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
)

// convertPlain turns YAML into JSON as convert does, several times as fast, or gives up (ok is false). It understands
// only what kubectl get -o yaml mostly consists of: block mappings and sequences in the usual indentation, keys and
// strings without surprises, quoted strings without escapes, small integers, true and false. Whatever it does convert, it
// converts to the same bytes as the real parser; a fuzz target holds it to that.
func convertPlain(text []byte) (converted []byte, ok bool) {
	p := plain{text: text, out: make([]byte, 0, len(text))}
	if line := p.peek(); line.ok && line.indent == 0 && string(line.text) == "---" {
		p.next()
	}
	if line := p.peek(); line.ok && p.block(line.indent) && p.atEnd() {
		return p.out, true
	}
	return nil, false
}

// plain is the state of convertPlain: what is left of the text and what has been written.
type plain struct {
	text []byte
	off  int
	out  []byte
	// dash is how far the current line is indented by the dash of a sequence that was read already.
	dash int
	// depth counts the blocks that are open.
	depth int
}

// plainLine is a line without its indentation and line break. It is not ok at the end of the text, and where the line
// holds something that this parser does not know.
type plainLine struct {
	text   []byte
	indent int
	end    int // offset of the next line
	ok     bool
}

// peek is the next line that is not blank or a comment.
func (p *plain) peek() plainLine {
	for {
		if p.off >= len(p.text) {
			return plainLine{}
		}
		end := len(p.text)
		next := end
		if i := bytes.IndexByte(p.text[p.off:], '\n'); i >= 0 {
			end = p.off + i
			next = end + 1
		}
		line := p.text[p.off:end]
		n := indentation(line)
		if n == len(line) || p.dash == 0 && line[n] == '#' {
			if p.dash > 0 || !isPrintable(line) {
				return plainLine{}
			}
			p.off = next
			continue
		}
		if line[len(line)-1] == ' ' {
			return plainLine{}
		}
		return plainLine{text: line[n:], indent: n + p.dash, end: next, ok: true}
	}
}

// next goes on to the line after the one that peek returned.
func (p *plain) next() {
	line := p.peek()
	p.off, p.dash = line.end, 0
}

func (p *plain) atEnd() bool {
	p.dash = 0
	line := p.peek()
	return !line.ok && p.off >= len(p.text)
}

// block writes the mapping or sequence whose first line is next.
func (p *plain) block(indent int) bool {
	const deepest = 32
	if p.depth++; p.depth > deepest {
		return false
	}
	defer func() { p.depth-- }()
	if line := p.peek(); line.ok && line.text[0] == '-' {
		return p.sequence(indent)
	}
	return p.mapping(indent)
}

func (p *plain) sequence(indent int) bool {
	p.out = append(p.out, '[')
	for first := true; ; first = false {
		line := p.peek()
		if !line.ok || line.indent != indent || !bytes.HasPrefix(line.text, []byte("- ")) {
			// The end; who called looks at this line again and gives up if it fits nowhere.
			p.out = append(p.out, ']')
			return !first
		}
		if !first {
			p.out = append(p.out, ',')
		}
		item := line.text[2:]
		if item[0] == ' ' || item[0] == '-' {
			return false
		}
		if key, _ := plainKey(item); key == nil {
			if !p.scalar(item) {
				return false
			}
			p.next()
			continue
		}
		// The item is a mapping that starts in the middle of the line.
		p.off = line.end - trailing(p.text, line.end) - len(item)
		p.dash = indent + 2
		if !p.block(indent + 2) {
			return false
		}
	}
}

// trailing is the length of the line break before an offset.
func trailing(text []byte, end int) int {
	if text[end-1] == '\n' {
		return 1
	}
	return 0
}

// entry is a key of a mapping and where its text stands in the output.
type entry struct {
	key        []byte
	start, end int
}

func (p *plain) mapping(indent int) bool {
	p.out = append(p.out, '{')
	var entries []entry
	sorted := true
	for {
		line := p.peek()
		if !line.ok || line.indent != indent {
			break
		}
		key, value := plainKey(line.text)
		if key == nil {
			break
		}
		if n := len(entries); n > 0 {
			sorted = sorted && bytes.Compare(entries[n-1].key, key) < 0
			p.out = append(p.out, ',')
		}
		start := len(p.out)
		p.out = append(append(append(p.out, '"'), key...), `":`...)
		p.next()
		if !p.value(value, indent) {
			return false
		}
		entries = append(entries, entry{key, start, len(p.out)})
	}
	if len(entries) == 0 || !sorted && !p.sort(entries) {
		return false
	}
	p.out = append(p.out, '}')
	return true
}

// value writes what a key stands for: the rest of its line, the block below, or null.
func (p *plain) value(text []byte, indent int) bool {
	if len(text) > 0 {
		return p.scalar(text)
	}
	line := p.peek()
	switch {
	case !line.ok && p.off < len(p.text):
		return false
	case line.ok && line.indent > indent:
		return p.block(line.indent)
	case line.ok && line.indent == indent && bytes.HasPrefix(line.text, []byte("- ")):
		return p.block(indent)
	}
	p.out = append(p.out, "null"...)
	return true
}

// sort brings the entries of a mapping, which are the end of the output, into the order of their keys.
func (p *plain) sort(entries []entry) bool {
	start := entries[0].start
	old := bytes.Clone(p.out[start:])
	for i := 1; i < len(entries); i++ {
		for j := i; j > 0; j-- {
			switch c := bytes.Compare(entries[j-1].key, entries[j].key); {
			case c == 0:
				return false
			case c > 0:
				entries[j-1], entries[j] = entries[j], entries[j-1]
			}
		}
	}
	p.out = p.out[:start]
	for i, e := range entries {
		if i > 0 {
			p.out = append(p.out, ',')
		}
		p.out = append(p.out, old[e.start-start:e.end-start]...)
	}
	return true
}
