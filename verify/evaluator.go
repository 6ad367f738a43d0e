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
// answers; zero means DefaultTimeout. Version is that of the Kubernetes, or Gatekeeper, it has to be;
// empty is any.
type NativeCommand struct {
	Path    string
	Args    []string
	Timeout time.Duration
	Version string
}

// evaluator is one process that speaks protocol version 1. It serves one goroutine at a time.
// Whatever is wrong with the process (it dies, hangs, answers something else than asked) is an error
// that names the line it happened at, and it is final.
type evaluator struct {
	// Greeting is what the process said of itself.
	Greeting protocol.Greeting

	name    string // in errors
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

// start starts the process, with more in its environment, and checks that it greets as the engine. Ending ctx ends the
// process.
func (e *evaluator) start(ctx context.Context, command NativeCommand, engine string, env ...string) error {
	timeout := command.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	e.lines, e.timeout = make(chan []byte, maxInFlight+1), timeout
	e.cmd = exec.CommandContext(ctx, command.Path, command.Args...)
	e.cmd.Env = append(e.cmd.Environ(), env...)
	e.cmd.Stderr = &e.stderr
	ownGroup(e.cmd)
	e.cmd.WaitDelay = 5 * time.Second
	in, err := e.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	if err := e.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	e.wait = sync.OnceValue(e.cmd.Wait)
	e.in, e.out = in, bufio.NewWriterSize(in, 64<<10)
	e.watch = newWatchdog(timeout, func() { _ = e.cmd.Process.Kill() })
	e.watch.owe() // the greeting
	go e.read(out)
	if err := e.greet(engine, command.Version); err != nil {
		_ = e.Close()
		return err
	}
	return nil
}

func (e *evaluator) read(out io.Reader) {
	defer close(e.lines)
	r := bufio.NewReaderSize(out, 256<<10)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if len(line) > 0 {
				err = fmt.Errorf("after half a line: %.100q", line)
			}
			e.readErr = err
			return
		}
		e.watch.pay()
		e.lines <- line
	}
}

func (e *evaluator) greet(engine, version string) error {
	line, ok := <-e.lines
	if !ok {
		return e.broken("greeting")
	}
	if err := json.Unmarshal(line, &e.Greeting); err != nil {
		return fmt.Errorf("%s: greeting: %w", e.name, err)
	}
	switch {
	case e.Greeting.Protocol != protocol.Version:
		return fmt.Errorf("%s: speaks protocol %d, not %d", e.name, e.Greeting.Protocol, protocol.Version)
	case e.Greeting.Engine != engine:
		return fmt.Errorf("%s: is %q, not %q", e.name, e.Greeting.Engine, engine)
	case e.Greeting.Version == "":
		return fmt.Errorf("%s: tells no version", e.name)
	case version != "" && e.Greeting.Version != version:
		return fmt.Errorf("%s: is version %s, not %s", e.name, e.Greeting.Version, version)
	}
	return nil
}

// InFlight is the number of lines that were sent and not yet answered.
func (e *evaluator) InFlight() int { return len(e.pending) }

// Send queues one line; what names it in errors. The line may stay in a buffer until Receive.
func (e *evaluator) Send(line protocol.Line, what string) error {
	if len(e.pending) >= maxInFlight {
		return fmt.Errorf("%s: %d lines are waiting already", e.name, len(e.pending))
	}
	e.sent++
	line.ID = e.sent
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", e.name, what, err)
	}
	e.pending = append(e.pending, what)
	e.watch.owe()
	// A process that takes no more input has died or is about to: Receive finds out at which line.
	_, _ = e.out.Write(append(data, '\n'))
	return nil
}

// Receive returns the answer to the oldest line without one. An answer that carries an error is
// returned as such: the process is fine, the line was not.
func (e *evaluator) Receive() (*protocol.Answer, error) {
	if len(e.pending) == 0 {
		return nil, fmt.Errorf("%s: nothing was asked", e.name)
	}
	_ = e.out.Flush() // see Send
	what := e.pending[0]
	line, ok := <-e.lines
	if !ok {
		return nil, e.broken(what)
	}
	e.received++
	e.pending = append(e.pending[:0], e.pending[1:]...)
	answer := &protocol.Answer{}
	if err := json.Unmarshal(line, answer); err != nil {
		return nil, fmt.Errorf("%s: %s: garbled answer: %w", e.name, what, err)
	}
	if answer.ID != e.received {
		return nil, fmt.Errorf("%s: %s: answer has id %d, not %d", e.name, what, answer.ID, e.received)
	}
	return answer, nil
}

// Ask sends one line and waits for its answer; no other line may be in flight.
func (e *evaluator) Ask(line protocol.Line, what string) (*protocol.Answer, error) {
	if err := e.Send(line, what); err != nil {
		return nil, err
	}
	return e.Receive()
}

// Close ends the process and waits for it.
func (e *evaluator) Close() error {
	e.watch.stop()
	_ = e.in.Close()
	kill := time.AfterFunc(e.timeout, func() { _ = e.cmd.Process.Kill() })
	defer kill.Stop()
	for range e.lines { // the reader must not block on answers nobody wants
	}
	return e.wait()
}

// broken tells why the process can no longer be used.
func (e *evaluator) broken(what string) error {
	_ = e.in.Close()
	for range e.lines {
	}
	_ = e.wait()
	text := "died"
	hung := e.watch.bit()
	if hung {
		text = fmt.Sprintf("did not answer within %s", e.timeout)
	}
	if e.readErr != nil && !errors.Is(e.readErr, io.EOF) && !hung {
		text += ": " + e.readErr.Error()
	}
	if s := e.stderr.String(); s != "" {
		text += "; it wrote: " + s
	}
	return fmt.Errorf("%s: %s: it %s", e.name, what, text)
}
