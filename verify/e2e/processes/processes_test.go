// SPDX-License-Identifier: Apache-2.0

package processes

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestCloseEndsWhatWasStarted(t *testing.T) {
	g := newGroup(t)
	p, err := g.Start("child", nil, "sh", "-c", "echo begun; sleep 1000 & sleep 1000")
	if err != nil {
		t.Fatal(err)
	}
	err = p.Await(t.Context(), func(context.Context) error {
		if !strings.Contains(p.Tail(), "begun") {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Close(false); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the process is there: %v", err)
	}
	if _, err := os.Stat(g.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
	if _, err := g.Start("late", nil, "true"); err == nil {
		t.Error("a closed group starts processes")
	}
}

func TestAwaitTellsWhatAProcessThatEndedSaid(t *testing.T) {
	g := newGroup(t)
	p, err := g.Start("child", []string{"WORD=goodbye"}, "sh", "-c", "echo $WORD")
	if err != nil {
		t.Fatal(err)
	}
	err = p.Await(t.Context(), func(context.Context) error { return errors.New("not yet") })
	if !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "goodbye") {
		t.Errorf("%v", err)
	}
	p.Stop() // it is gone already
}

func TestAnotherPortIsTriedWhenSomebodyTookIt(t *testing.T) {
	g := newGroup(t)
	attempts := 0
	p, err := Listening(t.Context(), 1, func(ports []int) (*Process, func(context.Context) error, error) {
		attempts++
		script := "echo bind: address already in use"
		if attempts == 3 {
			script = "sleep 1000"
		}
		p, err := g.Start("server", nil, "sh", "-c", script)
		return p, func(context.Context) error {
			if attempts < 3 || len(ports) != 1 {
				return errors.New("not yet")
			}
			return nil
		}, err
	})
	if err != nil || attempts != 3 {
		t.Fatalf("%d attempts: %v", attempts, err)
	}
	if _, err := p.CPU(); err != nil {
		t.Error(err)
	}
}

func newGroup(t *testing.T) *Group {
	t.Helper()
	g, err := NewGroup()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(false); err != nil {
			t.Error(err)
		}
	})
	return g
}
