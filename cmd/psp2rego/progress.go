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
	limit       time.Duration // of the work; zero is none
	start, last time.Time
	before      int // done before the start
	begun       bool
	shown       bool
}

func newProgress(w io.Writer, now func() time.Time, limit time.Duration) *progress {
	p := &progress{now: now, limit: limit, start: now()}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.out = w
	}
	return p
}

// show is told how much is done, first of all how much was done before; a total of zero is no bound.
func (p *progress) show(done, total int) {
	if !p.begun {
		p.begun, p.before = true, done
	}
	now := p.now()
	if p.out == nil || now.Sub(p.start) < time.Second || now.Sub(p.last) < time.Second/10 {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.out, "\r\x1b[K%s", p.line(done, total, now.Sub(p.start)))
}

// line is how much is done, at what rate, and how long the rest takes: of the work, or of the time for it.
func (p *progress) line(done, total int, elapsed time.Duration) string {
	text := fmt.Sprintf("%d cases", done)
	if total > 0 {
		text = fmt.Sprintf("%d of %d cases (%d%%)", done, total, done*100/total)
	}
	rate := float64(done-p.before) / elapsed.Seconds()
	text += fmt.Sprintf(", %.0f/s", rate)
	left := time.Duration(-1)
	if total > 0 && rate > 0 {
		left = time.Duration(float64(total-done) / rate * float64(time.Second))
	}
	if rest := max(0, p.limit-elapsed); p.limit > 0 && (left < 0 || rest < left) {
		left = rest
	}
	if left >= 0 {
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
}

// clear removes the line, so that what follows starts at the left.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
