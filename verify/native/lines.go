// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	// maxLine bounds a line of input, and so what one request can make the process hold.
	maxLine = 256 << 20
	// keepLine is the largest line buffer that is kept for the next line.
	keepLine = 1 << 20
)

var errLineTooLong = errors.New("line too long")

// lineReader reads lines of bounded length and goes on after one that is too long.
type lineReader struct {
	in    *bufio.Reader
	limit int
	long  []byte // holds a line that does not fit the reader's buffer
}

func newLineReader(r io.Reader, limit int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, 256<<10), limit: limit}
}

// pending tells whether next can answer without reading from the source.
func (l *lineReader) pending() bool {
	buffered, _ := l.in.Peek(l.in.Buffered())
	return bytes.IndexByte(buffered, '\n') >= 0
}

// next returns the next line without its end; the bytes are valid until the next call.
// A last line need not be terminated. At the end of input the error is io.EOF.
func (l *lineReader) next() ([]byte, error) {
	if cap(l.long) > keepLine {
		l.long = nil
	}
	l.long = l.long[:0]
	line, err := l.in.ReadSlice('\n')
	if err == nil {
		return line[:len(line)-1], nil
	}
	tooLong := false
	for {
		if len(l.long)+len(line) > l.limit {
			tooLong, l.long = true, l.long[:0]
		}
		if !tooLong {
			l.long = append(l.long, line...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		line, err = l.in.ReadSlice('\n')
	}
	switch ended := errors.Is(err, io.EOF); {
	case err != nil && !ended:
		return nil, err
	case tooLong:
		return nil, errLineTooLong
	case ended && len(l.long) == 0:
		return nil, io.EOF
	}
	return bytes.TrimSuffix(l.long, []byte("\n")), nil
}
