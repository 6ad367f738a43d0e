// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	for _, args := range [][]string{
		{"--help"},
		{"help", "codes"},
		{"version"},
		{"translate", "-f", mkeFolder, "-o", "-"},
		{"explain", "-f", mkeFolder, "--pod", "../../docs/examples/nginx.yaml"},
	} {
		var stderr bytes.Buffer
		if status := run(args, strings.NewReader(""), full{}, &stderr); status != exitFailed {
			t.Errorf("%v: status %d, want %d", args, status, exitFailed)
		}
		if !strings.HasSuffix(stderr.String(), "no space left\n") {
			t.Errorf("%v: told %q", args, stderr.String())
		}
	}
}
