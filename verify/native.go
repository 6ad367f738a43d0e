// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"psp2rego/verify/protocol"
)

// maxInFlight bounds the lines that are written ahead of their answers. The reader keeps as many
// answers, so a process that blocks on writing can never block us in turn.
const maxInFlight = 32

// DefaultTimeout is how long an evaluator may take for one line.
const DefaultTimeout = 30 * time.Second

// NativeCommand says how an evaluator process is started. Timeout bounds the silence between two
// answers; zero means DefaultTimeout. Version is that of the Kubernetes it has to be; empty is any.
type NativeCommand struct {
	Path    string
	Args    []string
	Timeout time.Duration
	Version string
}

// Native is one process that runs the upstream admission plugin and speaks protocol version 1. It
// serves one goroutine at a time. Whatever is wrong with the process (it dies, hangs, answers
// something else than asked) is an error that names the line it happened at, and it is final.
type Native struct {
	Greeting protocol.Greeting

	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Writer
	lines   chan []byte
	stderr  tail
	timeout time.Duration
	watch   *watchdog
	readErr error        // set before lines is closed
	wait    func() error // the process's end, and that of what it wrote

	sent, received int64
	pending        []string // what the lines without answer ask, oldest first
}

// StartNative starts the process and checks its greeting. Ending ctx ends the process.
func StartNative(ctx context.Context, command NativeCommand) (*Native, error) {
	timeout := command.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	n := &Native{lines: make(chan []byte, maxInFlight+1), timeout: timeout}
	n.cmd = exec.CommandContext(ctx, command.Path, command.Args...)
	n.cmd.Env = append(n.cmd.Environ(), "GOGC="+strconv.Itoa(gcPercent), "GOMEMLIMIT="+nativeMemoryLimit)
	n.cmd.Stderr = &n.stderr
	ownGroup(n.cmd)
	n.cmd.WaitDelay = 5 * time.Second
	in, err := n.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("native evaluator: %w", err)
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("native evaluator: %w", err)
	}
	if err := n.cmd.Start(); err != nil {
		return nil, fmt.Errorf("native evaluator: %w", err)
	}
	n.wait = sync.OnceValue(n.cmd.Wait)
	n.in, n.out = in, bufio.NewWriterSize(in, 64<<10)
	n.watch = newWatchdog(timeout, func() { _ = n.cmd.Process.Kill() })
	n.watch.owe() // the greeting
	go n.read(out)
	if err := n.greet(command.Version); err != nil {
		_ = n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Native) read(out io.Reader) {
	defer close(n.lines)
	r := bufio.NewReaderSize(out, 256<<10)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if len(line) > 0 {
				err = fmt.Errorf("after half a line: %.100q", line)
			}
			n.readErr = err
			return
		}
		n.watch.pay()
		n.lines <- line
	}
}

func (n *Native) greet(version string) error {
	line, ok := <-n.lines
	if !ok {
		return n.broken("greeting")
	}
	if err := json.Unmarshal(line, &n.Greeting); err != nil {
		return fmt.Errorf("native evaluator: greeting: %w", err)
	}
	switch {
	case n.Greeting.Protocol != protocol.Version:
		return fmt.Errorf("native evaluator: speaks protocol %d, not %d", n.Greeting.Protocol, protocol.Version)
	case n.Greeting.Engine != protocol.NativeEngine:
		return fmt.Errorf("native evaluator: is %q, not %q", n.Greeting.Engine, protocol.NativeEngine)
	case n.Greeting.Version == "":
		return errors.New("native evaluator: tells no version")
	case version != "" && n.Greeting.Version != version:
		return fmt.Errorf("native evaluator: is Kubernetes %s, not %s", n.Greeting.Version, version)
	}
	return nil
}

// InFlight is the number of lines that were sent and not yet answered.
func (n *Native) InFlight() int { return len(n.pending) }

// Send queues one line; what names it in errors. The line may stay in a buffer until Receive.
func (n *Native) Send(line protocol.Line, what string) error {
	if len(n.pending) >= maxInFlight {
		return fmt.Errorf("native evaluator: %d lines are waiting already", len(n.pending))
	}
	n.sent++
	line.ID = n.sent
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("native evaluator: %s: %w", what, err)
	}
	n.pending = append(n.pending, what)
	n.watch.owe()
	// A process that takes no more input has died or is about to: Receive finds out at which line.
	_, _ = n.out.Write(append(data, '\n'))
	return nil
}

// Receive returns the answer to the oldest line without one. An answer that carries an error is
// returned as such: the process is fine, the line was not.
func (n *Native) Receive() (*protocol.Answer, error) {
	if len(n.pending) == 0 {
		return nil, errors.New("native evaluator: nothing was asked")
	}
	_ = n.out.Flush() // see Send
	what := n.pending[0]
	line, ok := <-n.lines
	if !ok {
		return nil, n.broken(what)
	}
	n.received++
	n.pending = append(n.pending[:0], n.pending[1:]...)
	answer := &protocol.Answer{}
	if err := json.Unmarshal(line, answer); err != nil {
		return nil, fmt.Errorf("native evaluator: %s: garbled answer: %w", what, err)
	}
	if answer.ID != n.received {
		return nil, fmt.Errorf("native evaluator: %s: answer has id %d, not %d", what, answer.ID, n.received)
	}
	return answer, nil
}

// Ask sends one line and waits for its answer; no other line may be in flight.
func (n *Native) Ask(line protocol.Line, what string) (*protocol.Answer, error) {
	if err := n.Send(line, what); err != nil {
		return nil, err
	}
	return n.Receive()
}

// Close ends the process and waits for it.
func (n *Native) Close() error {
	n.watch.stop()
	_ = n.in.Close()
	kill := time.AfterFunc(n.timeout, func() { _ = n.cmd.Process.Kill() })
	defer kill.Stop()
	for range n.lines { // the reader must not block on answers nobody wants
	}
	return n.wait()
}

// broken tells why the process can no longer be used.
func (n *Native) broken(what string) error {
	_ = n.in.Close()
	for range n.lines {
	}
	_ = n.wait()
	text := "died"
	hung := n.watch.bit()
	if hung {
		text = fmt.Sprintf("did not answer within %s", n.timeout)
	}
	if n.readErr != nil && !errors.Is(n.readErr, io.EOF) && !hung {
		text += ": " + n.readErr.Error()
	}
	if s := n.stderr.String(); s != "" {
		text += "; it wrote: " + s
	}
	return fmt.Errorf("native evaluator: %s: it %s", what, text)
}
