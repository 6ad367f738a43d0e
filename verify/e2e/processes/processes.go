// SPDX-License-Identifier: Apache-2.0

// Package processes runs servers for the length of a test: none outlives the program that started it, whatever ends that.
package processes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Group is a set of processes with a folder of their own, in which their logs and whatever they need lie.
type Group struct {
	// Dir is the folder.
	Dir string

	mu      sync.Mutex
	started []*Process
	closed  bool
}

// NewGroup makes a group with a new folder below the system's one for temporary files.
func NewGroup() (*Group, error) {
	dir, err := os.MkdirTemp("", "psp2rego-e2e-")
	if err != nil {
		return nil, err
	}
	return &Group{Dir: dir}, nil
}

// Process is one that was started.
type Process struct {
	// Name is that of its log.
	Name string
	// Log is the file that its output goes to.
	Log string
	// PID is its number.
	PID int

	ended chan struct{}
	state *os.ProcessState
}

// Start runs a program. Its output is appended to NAME.log; environment is added to this program's own.
func (g *Group) Start(name string, environment []string, program string, args ...string) (*Process, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, fmt.Errorf("start %s: the group was closed", name)
	}
	p := &Process{Name: name, Log: filepath.Join(g.Dir, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = g.Dir, log, log
	cmd.Env = append(os.Environ(), environment...)
	cmd.SysProcAttr = attributes()
	started := make(chan error)
	go func() {
		// The kernel ends the process when the thread that started it ends, so that thread is kept.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its state
			p.state = cmd.ProcessState
		}
		_ = log.Close() // the process wrote it, not this program
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.PID = cmd.Process.Pid
	g.started = append(g.started, p)
	return p, nil
}

// Ended is closed when the process is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// grace is how long a process has to end of its own accord.
const grace = 10 * time.Second

// Stop asks the process to end, makes it end if it does not, and comes back when it is gone.
func (p *Process) Stop() {
	p.end(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(grace):
		p.Kill()
	}
}

// Kill ends the process and what it started, at once.
func (p *Process) Kill() {
	p.end(syscall.SIGKILL)
	<-p.ended
}

func (p *Process) end(signal syscall.Signal) {
	select {
	case <-p.ended: // its number may be another's by now
	default:
		_ = syscall.Kill(-p.PID, signal) // it may be gone already
	}
}

// Tail is the end of what the process wrote.
func (p *Process) Tail() string {
	const enough = 4096
	data, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data[max(0, len(data)-enough):]))
}

// Await asks again and again, until it is ready, the process has ended or the context is done.
func (p *Process) Await(ctx context.Context, ready func(context.Context) error) error {
	var last error
	err := Until(ctx, func(ctx context.Context) (bool, error) {
		select {
		case <-p.ended:
			return false, fmt.Errorf("%s: %w (%s)\n%s", p.Name, errEnded, p.state, p.Tail())
		default:
		}
		last = ready(ctx)
		return last == nil, nil
	})
	if err != nil && last != nil && !errors.Is(err, errEnded) {
		return fmt.Errorf("%s is not ready: %w: %w\n%s", p.Name, err, last, p.Tail())
	}
	return err
}

var errEnded = errors.New("ended")

// Until polls every 20 ms, until the condition holds or says that it never will, or the context is done.
func Until(ctx context.Context, condition func(context.Context) (bool, error)) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := condition(ctx); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Listening starts a server on ports that nobody uses. Somebody else may take one before the server does; then others are tried. start is given
// the ports, and gives the process and what says that it is ready.
func Listening(ctx context.Context, ports int, start func(ports []int) (*Process, func(context.Context) error, error)) (*Process, error) {
	for attempt := 1; ; attempt++ {
		free, err := freePorts(ports)
		if err != nil {
			return nil, err
		}
		p, ready, err := start(free)
		if err != nil {
			return nil, err
		}
		if err = p.Await(ctx, ready); err == nil {
			return p, nil
		}
		p.Kill()
		if attempt == 5 || !errors.Is(err, errEnded) || !strings.Contains(p.Tail(), "address already in use") {
			return nil, err
		}
	}
}

// freePorts are ports of 127.0.0.1 on which nobody listens.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close() // after all are chosen, so that they differ
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// Close ends all processes and comes back when they are gone: nothing of what they keep is needed any more. It removes the folder unless it is to be kept.
func (g *Group) Close(keep bool) error {
	g.mu.Lock()
	g.closed = true
	started := g.started
	g.started = nil
	g.mu.Unlock()
	for _, p := range started {
		p.Kill()
	}
	if keep {
		return nil
	}
	return os.RemoveAll(g.Dir)
}
