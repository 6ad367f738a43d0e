// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress is one line on a terminal that tells how far long work is. Nothing is written elsewhere, nor in the first
// second, nor more than ten times a second.
type progress struct {
	out         io.Writer // nil if it is no terminal
	now         func() time.Time
	start, last time.Time
	shown       bool
}

func newProgress(w io.Writer, now func() time.Time) *progress {
	p := &progress{now: now, start: now()}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.out = w
	}
	return p
}

func (p *progress) show(done, total int) {
	now := p.now()
	if p.out == nil || now.Sub(p.start) < time.Second || now.Sub(p.last) < time.Second/10 {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.out, "\r\x1b[K%d of %d cases (%d%%)", done, total, done*100/max(total, 1))
}

// clear removes the line, so that what follows starts at the left.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
