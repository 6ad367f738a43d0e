// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// interrupted runs until so many cases are done.
func interrupted(t *testing.T, o Options, cases int) *Report {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Progress = func(done, _ int) {
		if done >= cases {
			cancel()
		}
	}
	r, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// An interrupted run tells what it judged, as the run that asked for no more would have.
func TestInterruptedRunReportsWhatItJudged(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	r := interrupted(t, o, 150)
	if r.Outcome() != Unfinished || r.Cases() < 150 || r.Cases() >= 600 || r.Cases()%50 != 0 {
		t.Fatalf("outcome %d\n%s", r.Outcome(), reportText(t, r))
	}
	if text := reportText(t, r); !strings.Contains(text, "INTERRUPTED, no divergence so far: "+strconv.Itoa(r.Cases())+" of 600 cases") {
		t.Errorf("not marked:\n%s", text)
	}
	o.Cases = r.Cases()
	shorter := mustRun(t, o)
	shorter.Stopped, shorter.Plan = r.Stopped, r.Plan
	if diff := sameReport(t, shorter, r); diff != "" {
		t.Errorf("(-asked for less +interrupted):\n%s", diff)
	}
	o = fakeOptions(t, "good", answering(t, openPermission))
	o.Shrink, o.Record = 100, filepath.Join(t.TempDir(), "found")
	if r = interrupted(t, o, 150); r.Outcome() != Diverging || r.Divergences[0].File == "" {
		t.Errorf("outcome %d\n%s", r.Outcome(), reportText(t, r))
	}
	if r = interrupted(t, o, 0); r.Outcome() != Unfinished || r.Cases() != 0 {
		t.Errorf("outcome %d\n%s", r.Outcome(), reportText(t, r))
	}
}

// Whatever ends a run leaves no evaluator behind.
func TestNoEvaluatorIsLeftBehind(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	t.Setenv(pidsVariable, pids)
	good := fakeOptions(t, "good", faithfulBundle(t))
	interrupted(t, good, 100)
	mustRun(t, good)
	o := fakeOptions(t, "hangs", faithfulBundle(t))
	o.Native.Timeout = 50 * time.Millisecond
	if _, err := Run(t.Context(), o); err == nil {
		t.Error("a process that hangs is taken for one that answers")
	}
	data, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(string(data))
	if len(list) < 4 {
		t.Errorf("%d processes were started", len(list))
	}
	for _, text := range list {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
}

// A run that was interrupted, once or many times, goes on and ends with the report of one that was not.
func TestResumedRunIsTheUninterruptedOne(t *testing.T) {
	open := answering(t, openPermission)
	given := givenOptions(t, open)
	given.Cases = 1600
	for name, o := range map[string]Options{
		"generated": fakeOptions(t, "good", open), "given": given, "equivalent": fakeOptions(t, "good", faithfulBundle(t)),
	} {
		t.Run(name, func(t *testing.T) {
			o.Shrink = 300
			whole := mustRun(t, o)
			o.Resume = filepath.Join(t.TempDir(), "state.json")
			before := -1
			for _, until := range []int{o.Cases / 4, o.Cases / 2} {
				r := interrupted(t, o, until)
				if r.Cases() < until || r.Cases() == o.Cases || r.Cases() <= before {
					t.Fatalf("interrupted after %d cases, before that after %d", r.Cases(), before)
				}
				before = r.Cases()
			}
			first := -1
			o.Progress = func(done, _ int) {
				if first < 0 {
					first = done
				}
			}
			for range 2 { // the second time nothing is left to do
				if diff := sameReport(t, whole, mustRun(t, o)); diff != "" {
					t.Errorf("(-in one piece +resumed):\n%s", diff)
				}
			}
			if first != before {
				t.Errorf("went on from %d cases, not %d", first, before)
			}
			kept, err := ReadReportFile(o.Resume)
			if err != nil {
				t.Fatal(err)
			}
			if diff := sameReport(t, whole, kept); diff != "" {
				t.Errorf("(-report +kept state):\n%s", diff)
			}
		})
	}
}

// A killed run has no chance to save anything: what it saved on the way has to do.
func TestStateIsSavedOnTheWay(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	o.Resume = filepath.Join(t.TempDir(), "state.json")
	var last *Report
	o.Progress = func(int, int) {
		if r, err := ReadReportFile(o.Resume); err == nil {
			last = r
		}
	}
	whole := mustRun(t, o)
	if last == nil || last.Cases() == 0 || last.Outcome() != Unfinished {
		t.Fatalf("nothing useful was saved: %+v", last)
	}
	o.Progress = nil
	if err := last.rewrite(o.Resume); err != nil {
		t.Fatal(err)
	}
	if diff := sameReport(t, whole, mustRun(t, o)); diff != "" {
		t.Errorf("(-in one piece +after the kill):\n%s", diff)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(o.Resume), "*")); err != nil || len(left) != 1 {
		t.Errorf("files beside the state: %v, %v", left, err)
	}
}

func (r *Report) rewrite(path string) error {
	return (&run{Options: Options{Resume: path}}).save(r)
}

func TestStateOfAnotherRunIsNotResumed(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	o.Resume = filepath.Join(t.TempDir(), "state.json")
	mustRun(t, o)
	for want, change := range map[string]func(o *Options){
		"seed 5, not 6":                  func(o *Options) { o.Seed = 6 },
		"number of cases 600, not 700":   func(o *Options) { o.Cases = 700 },
		"version of psp2rego , not v1":   func(o *Options) { o.Tool = "v1" },
		"number of shards 1, not 2":      func(o *Options) { o.Shard = Shard{1, 2} },
		"input or its settings (digest)": func(o *Options) { o.PerCluster = 20 },
	} {
		other := o
		change(&other)
		_, err := Run(t.Context(), other)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), o.Resume) {
			t.Errorf("got %v, want ...%s", err, want)
		}
	}
	o.Shard = Shard{1, 2}
	o.Resume = filepath.Join(t.TempDir(), "shard.json")
	mustRun(t, o)
	o.Shard = Shard{2, 2}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "it is of shard 1/2, not 2/2") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(o.Resume, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), o.Resume) {
		t.Errorf("garbage is resumed: %v", err)
	}
	o.Resume = filepath.Join(t.TempDir(), "no", "such", "folder")
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "resume") {
		t.Errorf("the state cannot be written, and: %v", err)
	}
}

// Time is up after some units: the report is on these, and says so. More time, and the same state
// goes on.
func TestRunEndsWhenItsTimeIsUp(t *testing.T) {
	var seconds atomic.Int64
	o := fakeOptions(t, "good", faithfulBundle(t))
	o.Clock = func() time.Time { return time.Unix(seconds.Load(), 0) }
	o.Progress = func(int, int) { seconds.Add(1) }
	o.Duration, o.Workers = 5*time.Second, 1
	o.Resume = filepath.Join(t.TempDir(), "state.json")
	r := mustRun(t, o)
	if r.Stopped != StoppedByTime || r.Cases() < 50 || r.Cases() >= 600 || r.Outcome() != Equivalent || r.Elapsed < o.Duration {
		t.Fatalf("outcome %d, stopped by %q\n%s", r.Outcome(), r.Stopped, reportText(t, r))
	}
	if text := reportText(t, r); !strings.Contains(text, " of 600 cases in ") || !strings.HasSuffix(text, "; time was up\n") {
		t.Errorf("not told:\n%s", text)
	}
	done := r.Cases()
	if r = mustRun(t, o); r.Cases() != done || r.Stopped != StoppedByTime {
		t.Errorf("%d cases after %d, although time was up", r.Cases(), done)
	}
	o.Duration = time.Hour
	r = mustRun(t, o)
	if r.Stopped != "" || r.Cases() != 600 {
		t.Errorf("%d cases after %d", r.Cases(), done)
	}
	plain := fakeOptions(t, "good", faithfulBundle(t))
	if diff := sameReport(t, mustRun(t, plain), r); diff != "" {
		t.Errorf("(-in one piece +resumed):\n%s", diff)
	}
}

// Without a number of cases only time ends the run, and all passes have their share of it.
func TestTimeAloneBoundsTheRun(t *testing.T) {
	for name, o := range map[string]Options{
		"generated": fakeOptions(t, "good", faithfulBundle(t)), "given": givenOptions(t, faithfulBundle(t)),
	} {
		t.Run(name, func(t *testing.T) {
			var seconds atomic.Int64
			total := -1
			o.Cases, o.Duration = 0, 12*time.Second
			o.Clock = func() time.Time { return time.Unix(seconds.Load(), 0) }
			o.Progress = func(_, n int) { seconds.Add(1); total = n }
			r := mustRun(t, o)
			if r.Stopped != StoppedByTime || total != 0 {
				t.Errorf("stopped by %q, total %d", r.Stopped, total)
			}
			for _, p := range r.Passes {
				if p.Cases == 0 {
					t.Errorf("%s: no cases", p.Name)
				}
			}
		})
	}
}
