// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"sync"
	"time"
)

// watchdog ends a process that owes answers and gives none. It gives up only when half of the
// timeout passes twice in a row, so that a machine that slept for a while is not taken for a
// process that hangs.
type watchdog struct {
	kill func()

	mu      sync.Mutex
	timer   *time.Timer
	timeout time.Duration
	owed    int
	late    bool
	bitten  bool
}

func newWatchdog(timeout time.Duration, kill func()) *watchdog {
	w := &watchdog{timeout: timeout, kill: kill}
	w.timer = time.AfterFunc(timeout, w.expired)
	w.timer.Stop()
	return w
}

// owe notes that one more answer is due.
func (w *watchdog) owe() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owed++; w.owed == 1 {
		w.restart()
	}
}

// pay notes that an answer came.
func (w *watchdog) pay() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owed--; w.owed <= 0 {
		w.timer.Stop()
		return
	}
	w.restart()
}

// restart needs the lock.
func (w *watchdog) restart() {
	w.late = false
	w.timer.Reset(w.timeout / 2)
}

func (w *watchdog) expired() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.owed <= 0: // the answer came while the timer went off
	case !w.late:
		w.late = true
		w.timer.Reset(w.timeout / 2)
	default:
		w.bitten = true
		w.kill()
	}
}

// bit says whether the process was ended for its silence.
func (w *watchdog) bit() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bitten
}

// stop ends the watch.
func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owed = 0
	w.timer.Stop()
}
