// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// serve greets on w and answers each line of r with one line on w, in order. It returns
// nil at the end of input, and an error when r cannot be read or w cannot be written.
func serve(r io.Reader, w io.Writer) error {
	s, err := newSession()
	if err != nil {
		return err
	}
	return serveSession(s, r, w)
}

func serveSession(s *session, r io.Reader, w io.Writer) error {
	out := &answerWriter{out: bufio.NewWriterSize(w, 256<<10)}
	if err := out.write(greeting{protocolVersion, "kubernetes-podsecuritypolicy", kubernetesVersion()}); err != nil {
		return err
	}
	lines := newLineReader(r, maxLine)
	for {
		// Answers wait in the buffer only while another whole line is at hand.
		if !lines.pending() {
			if err := out.flush(); err != nil {
				return err
			}
		}
		line, err := lines.next()
		reply := answer{}
		switch {
		case err == nil:
			reply = s.answer(line)
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLineTooLong):
			reply.Error = asFault(usageFault("request line: longer than %d bytes", maxLine))
		default:
			return fmt.Errorf("reading requests: %w", err)
		}
		if err := out.writeAnswer(reply); err != nil {
			return err
		}
	}
}

// answerWriter writes JSON lines.
type answerWriter struct {
	out  *bufio.Writer
	line bytes.Buffer
}

// writeAnswer writes an answer, or an internal fault when it cannot be encoded.
func (w *answerWriter) writeAnswer(reply answer) error {
	err := w.write(reply)
	var broken *encodingError
	if errors.As(err, &broken) {
		return w.write(answer{ID: reply.ID, Error: asFault(err)})
	}
	return err
}

func (w *answerWriter) write(value any) error {
	if w.line.Cap() > keepLine {
		w.line = bytes.Buffer{}
	}
	w.line.Reset()
	encoder := json.NewEncoder(&w.line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return &encodingError{err}
	}
	if _, err := w.out.Write(w.line.Bytes()); err != nil {
		return fmt.Errorf("writing answers: %w", err)
	}
	return nil
}

func (w *answerWriter) flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing answers: %w", err)
	}
	return nil
}

// encodingError tells an answer that cannot be encoded from output that cannot be written.
type encodingError struct{ error }
