// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/discovery"
)

// contact knows whether the API server answers, and tells the changes of everything that is followed.
type contact struct {
	every time.Duration
	log   *slog.Logger

	mu      sync.Mutex
	last    time.Time        // when all was well
	failing map[string]error // by resource
	away    bool
}

func newContact(every time.Duration, log *slog.Logger) *contact {
	return &contact{every: every, log: log, last: time.Now(), failing: map[string]error{}}
}

// failed notes that a resource cannot be listed or watched.
func (c *contact) failed(resource string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.failing[resource]; before == nil || before.Error() != err.Error() {
		c.log.Warn("the API server does not answer, or refuses to", "resource", resource, "error", err)
	}
	c.failing[resource] = err
}

// transport notes which requests the API server grants.
func (c *contact) transport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err == nil && response.StatusCode == http.StatusOK {
			c.mu.Lock()
			delete(c.failing, path.Base(r.URL.Path))
			delete(c.failing, "discovery")
			c.mu.Unlock()
		}
		return response, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// beat asks the API server again and again whether it is there.
func (c *contact) beat(ctx context.Context, client discovery.DiscoveryInterface) {
	for {
		asked, cancel := context.WithTimeout(ctx, c.every)
		err := client.RESTClient().Get().AbsPath("/version").Do(asked).Error()
		cancel()
		c.note(err)
		if c.pause(ctx) != nil {
			return
		}
	}
}

// pause waits until it is time to ask again.
func (c *contact) pause(ctx context.Context) error {
	timer := time.NewTimer(c.every)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// note takes an answer to a heartbeat, and tells when the server goes and comes back.
func (c *contact) note(err error) {
	c.mu.Lock()
	if err != nil {
		c.failing["version"] = err
	} else {
		delete(c.failing, "version")
	}
	if len(c.failing) == 0 {
		c.last = time.Now()
	}
	c.mu.Unlock()
	_, reason := c.stale()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case reason != nil && !c.away:
		c.log.Error("the last good revision stays", "error", reason)
	case reason == nil && c.away:
		c.log.Info("the API server is back")
	}
	c.away = reason != nil
}

// stale is for how long not everything was well, and why, if that is too long.
func (c *contact) stale() (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := time.Since(c.last)
	if age <= 3*c.every {
		return age, nil
	}
	var reasons []string
	for _, resource := range slices.Sorted(maps.Keys(c.failing)) {
		reasons = append(reasons, resource+": "+c.failing[resource].Error())
	}
	if reasons == nil {
		reasons = []string{"no answer"}
	}
	return age, fmt.Errorf("nothing was heard of the API server for %s: %s", age.Round(time.Second), strings.Join(reasons, "; "))
}
