// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
)

// placeholder stands for the items while the rest of a list is parsed.
const placeholder = "psp2rego: the items of this list"

// splitList cuts a block-style YAML list, as kubectl get -o yaml writes it, into its items, so that a list of a hundred
// thousand objects needs no more memory than its largest item and can be read by several processors. The head is the
// document with a placeholder for the items. It does not apply (ok is false) to documents in any other shape.
//
// The cut is where a line starts with "- " in the column of the first item. In valid YAML such a line can only be the
// next item: block scalars and plain scalars end there, and a quoted string or a flow collection that contained it would
// leave the item before it unfinished. So if the head is a list with exactly the placeholder as items, and each item
// parses by itself, the result is that of parsing the whole document; if not, the caller parses the whole document.
func splitList(s *splitter, doc span) (head []byte, items []span, ok bool) {
	if s.odd {
		return nil, nil, false
	}
	key, first := findItems(s, doc)
	if first < 0 {
		return nil, nil, false
	}
	indent := indentation(s.data[first:doc.end])
	start, end := first, first
	for off := s.lineEnd(first); ; off = s.lineEnd(off) {
		if off >= doc.end {
			end = doc.end
			break
		}
		line := s.data[off:doc.end]
		n := indentation(line)
		if isBlank(line[:s.lineEnd(off)-off]) || n > indent {
			continue
		}
		if n < indent || !isItem(line[n:]) {
			end = off
			break
		}
		if len(items) == MaxObjects {
			return nil, nil, false
		}
		items = append(items, span{start, off})
		start = off
	}
	items = append(items, span{start, end})
	if bytes.Contains(doc.text(s.data), []byte(placeholder)) {
		return nil, nil, false
	}
	head = append(head, s.data[doc.off:key]...)
	head = append(head, "items: ["+`"`+placeholder+`"`+"]\n"...)
	return append(head, s.data[end:doc.end]...), items, true
}

// findItems looks for the line "items:" in the first column and gives its offset and that of the line of the first item,
// -1 if there is none.
func findItems(s *splitter, doc span) (key, first int) {
	for off := doc.off; off < doc.end; off = s.lineEnd(off) {
		line := s.data[off:s.lineEnd(off)]
		rest, found := bytes.CutPrefix(line, []byte("items:"))
		if !found || !isBlank(rest) || bytes.HasPrefix(rest, []byte("#")) {
			continue
		}
		for next := off + len(line); next < doc.end; next = s.lineEnd(next) {
			line := s.data[next:s.lineEnd(next)]
			if isBlank(line) {
				continue
			}
			if isItem(line[indentation(line):]) {
				return off, next
			}
			return off, -1
		}
		return off, -1
	}
	return -1, -1
}

// indentation is the number of blanks at the start of a line.
func indentation(line []byte) int {
	n := 0
	for n < len(line) && line[n] == ' ' {
		n++
	}
	return n
}

// isItem reports whether a line, without its indentation, starts an item of a block sequence.
func isItem(line []byte) bool {
	return len(line) > 0 && line[0] == '-' && (len(line) == 1 || line[1] == ' ' || line[1] == '\n' || line[1] == '\r')
}
