// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestProgressTellsRateAndRemainingTime of the work, or of the time for it, whichever ends first; what was done before the
// run was resumed has no part in the rate.
func TestProgressTellsRateAndRemainingTime(t *testing.T) {
	for _, tc := range []struct {
		before, done, total int
		limit, elapsed      time.Duration
		want                string
	}{
		{0, 500, 2000, 0, 5 * time.Second, "500 of 2000 cases (25%), 100/s, 15s left"},
		{400, 500, 2000, 0, 10 * time.Second, "500 of 2000 cases (25%), 10/s, 2m30s left"},
		{0, 500, 2000, 8 * time.Second, 5 * time.Second, "500 of 2000 cases (25%), 100/s, 3s left"},
		{0, 500, 2000, time.Hour, 5 * time.Second, "500 of 2000 cases (25%), 100/s, 15s left"},
		{0, 500, 0, time.Minute, 5 * time.Second, "500 cases, 100/s, 55s left"},
		{0, 500, 0, time.Second, 5 * time.Second, "500 cases, 100/s, 0s left"},
		{400, 400, 2000, 0, 5 * time.Second, "400 of 2000 cases (20%), 0/s"},
	} {
		var out bytes.Buffer
		now := time.Unix(0, 0)
		p := newProgress(&out, func() time.Time { return now }, tc.limit)
		p.out = &out
		p.show(tc.before, tc.total)
		if out.Len() > 0 {
			t.Errorf("in the first second: %q", out.String())
		}
		now = now.Add(tc.elapsed)
		p.show(tc.done, tc.total)
		p.show(tc.done+1, tc.total) // too soon
		if got := out.String(); got != "\r\x1b[K"+tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

// TestProgressIsForTerminals alone: a file or a pipe gets nothing.
func TestProgressIsForTerminals(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	p := newProgress(file, func() time.Time { return now }, 0)
	now = now.Add(time.Minute)
	p.show(1, 2)
	p.clear()
	if info, err := file.Stat(); err != nil || info.Size() > 0 {
		t.Errorf("%v, %v", info, err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}
