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
	in, out := bufio.NewReaderSize(r, 256<<10), bufio.NewWriterSize(w, 64<<10)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(greeting{protocolVersion, "gatekeeper", gatekeeperVersion()}); err != nil {
		return fmt.Errorf("writing answers: %w", err)
	}
	s := &session{}
	for {
		// Answers wait in the buffer only while another whole line is at hand.
		buffered, _ := in.Peek(in.Buffered())
		if bytes.IndexByte(buffered, '\n') < 0 {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("writing answers: %w", err)
			}
		}
		line, err := in.ReadBytes('\n')
		ended := errors.Is(err, io.EOF)
		switch {
		case ended && len(line) == 0:
			return nil
		case err != nil && !ended:
			return fmt.Errorf("reading requests: %w", err)
		}
		if err := encoder.Encode(s.answer(line)); err != nil {
			return fmt.Errorf("writing answers: %w", err)
		}
	}
}
