// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"strings"
	"sync"
)

// tail keeps the last bytes that a process wrote to its standard error.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if over := len(t.data) - tailBytes; over > 0 {
		t.data = append(t.data[:0], t.data[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.data))
}
