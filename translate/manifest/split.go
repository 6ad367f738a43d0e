// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"iter"
	"strings"
)

// span is a piece of a file: the bytes from off up to end.
type span struct{ off, end int }

// text is the piece itself.
func (s span) text(data []byte) []byte { return data[s.off:s.end] }

// splitter cuts a YAML stream into documents, line by line.
type splitter struct {
	data []byte
	// odd is whether a line may end in something other than a newline: YAML 1.1 also knows carriage return, NEL,
	// LS and PS. A document marker after one of these would otherwise hide everything behind it, because the YAML
	// parser stops after the first document it is given.
	odd bool
}

func newSplitter(data []byte) *splitter {
	return &splitter{data: data, odd: hasOddBreaks(data)}
}

func hasOddBreaks(data []byte) bool {
	for i := 0; ; i++ {
		j := bytes.IndexByte(data[i:], '\r')
		if j < 0 {
			break
		}
		if i += j; i+1 == len(data) || data[i+1] != '\n' {
			return true
		}
	}
	for _, br := range oddBreaks {
		if bytes.Contains(data, []byte(br)) {
			return true
		}
	}
	return false
}

// oddBreaks are the line breaks of YAML 1.1 (NEL, LS, PS) that are none to most other programs.
var oddBreaks = [...]string{"\u0085", "\u2028", "\u2029"}

// lineEnd is the offset behind the line that starts at off, its line break included.
func (s *splitter) lineEnd(off int) int {
	if !s.odd {
		if i := bytes.IndexByte(s.data[off:], '\n'); i >= 0 {
			return off + i + 1
		}
		return len(s.data)
	}
	for i := off; i < len(s.data); i++ {
		switch s.data[i] {
		case '\n':
			return i + 1
		case '\r':
			if i+1 < len(s.data) && s.data[i+1] == '\n' {
				i++
			}
			return i + 1
		case oddBreaks[0][0], oddBreaks[1][0]: // LS and PS start alike
			if n := oddBreak(s.data[i:]); n > 0 {
				return i + n
			}
		}
	}
	return len(s.data)
}

// documents cuts the stream at its document markers. A document keeps the "---" line that opens it, which may hold
// content, and the directives before that; it never holds two such lines. Documents of nothing but blank lines and
// comments are left out.
func (s *splitter) documents() iter.Seq[span] { return s.cut }

func (s *splitter) cut(yield func(span) bool) {
	start, more := 0, true
	opened, content := false, false // whether the document has its "---" line, and something besides
	cut := func(end, next int) {
		if content && more {
			more = yield(span{start, end})
		}
		start, opened, content = next, false, false
	}
	for off := 0; off < len(s.data) && more; {
		end := s.lineEnd(off)
		line := s.data[off:end]
		switch {
		case isMarker(line, "---"):
			if opened || content {
				cut(off, off)
			}
			opened, content = true, !isBlank(line[len("---"):])
		case isMarker(line, "..."):
			cut(off, end)
		case !content && !isBlank(line):
			content = opened || line[0] != '%'
		}
		off = end
	}
	cut(len(s.data), len(s.data))
}

// body is a document without the line that opens it, unless that holds content, and without blank lines and comments
// after it.
func (s *splitter) body(doc span) span {
	for doc.off < doc.end {
		end := s.lineEnd(doc.off)
		line := s.data[doc.off:end]
		if isMarker(line, "---") {
			line = line[len("---"):]
		}
		if !isBlank(line) {
			break
		}
		doc.off = end
	}
	return doc
}

// isMarker reports whether a line is a document marker: three characters, then blank space or the end.
func isMarker(line []byte, marker string) bool {
	if !bytes.HasPrefix(line, []byte(marker)) {
		return false
	}
	rest := line[len(marker):]
	return len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0 || oddBreak(rest) > 0
}

// oddBreak is the length of the odd line break at the start of the text, 0 if there is none.
func oddBreak(text []byte) int {
	for _, br := range oddBreaks {
		if bytes.HasPrefix(text, []byte(br)) {
			return len(br)
		}
	}
	return 0
}

// isBlank reports whether a line holds nothing, or nothing but a comment.
func isBlank(line []byte) bool {
	line = bytes.TrimLeft(line, " \t\r\n")
	return len(line) == 0 || line[0] == '#' || oddBreak(line) > 0
}
