// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

const chromiumVariable = "PSP2REGO_CHROMIUM"

// chromium is the browser. Where it was promised (CI=true, or a name in PSP2REGO_CHROMIUM) the test
// fails without it; elsewhere `make test` says that nobody has looked at the page.
func chromium(t *testing.T) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	named := os.Getenv(chromiumVariable)
	if named != "" {
		names = []string{named}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if named != "" || os.Getenv("CI") == "true" {
		t.Fatalf("no Chromium (looked for %q): install it, or name it in %s", names, chromiumVariable)
	}
	t.Skipf("no Chromium: nobody has looked at the HTML report; install it, or name it in %s", chromiumVariable)
	return ""
}

// browser is a headless Chromium that is driven over a pair of pipes.
type browser struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	id      int
	session string
	// requests are the addresses that pages asked for, problems what the console was told.
	requests, problems []string
}

// browserTimeout ends a browser that hangs.
const browserTimeout = 3 * time.Minute

func startBrowser(t *testing.T) *browser {
	t.Helper()
	path := chromium(t)
	profile, err := os.MkdirTemp("", "psp2rego-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	commands, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, answers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), browserTimeout)
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir="+profile)
	cmd.ExtraFiles = []*os.File{commands, answers} // it reads 3 and writes 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = commands.Close(), answers.Close()
	b := &browser{t: t, to: to, from: bufio.NewReaderSize(from, 1<<20)}
	t.Cleanup(func() {
		b.session = ""
		b.call("Browser.close", nil, nil)
		_ = cmd.Wait()
		cancel()
		_, _ = to.Close(), from.Close()
	})
	target := struct{ TargetID string }{}
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	session := struct{ SessionID string }{}
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// heard is what the browser says: the answer to a call, or an event.
type heard struct {
	ID     int
	Method string
	Params struct {
		Request          struct{ URL string }
		Entry            struct{ Text string }
		ExceptionDetails struct{ Text string }
	}
	Result json.RawMessage
	Error  *struct{ Message string }
}

// call has the browser do something and waits for its answer.
func (b *browser) call(method string, params map[string]any, result any) {
	b.t.Helper()
	b.id++
	call := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		call["sessionId"] = b.session
	}
	data, err := json.Marshal(call)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(data, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	answer := b.read(method, func(m *heard) bool { return m.ID == b.id })
	if answer.Error != nil {
		b.t.Fatalf("%s: %s", method, answer.Error.Message)
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result, result); err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
	}
}

// read reads until a message is the one that is waited for.
func (b *browser) read(what string, wanted func(*heard) bool) *heard {
	b.t.Helper()
	for {
		line, err := b.from.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: the browser is gone: %v", what, err)
		}
		m := &heard{}
		if err := json.Unmarshal(line[:len(line)-1], m); err != nil {
			b.t.Fatalf("%s: %v", what, err)
		}
		switch m.Method {
		case "Network.requestWillBeSent":
			b.requests = append(b.requests, m.Params.Request.URL)
		case "Log.entryAdded":
			b.problems = append(b.problems, m.Params.Entry.Text)
		case "Runtime.exceptionThrown":
			b.problems = append(b.problems, m.Params.ExceptionDetails.Text)
		}
		if wanted(m) {
			return m
		}
	}
}

// open shows a page and waits until it is loaded.
func (b *browser) open(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	b.read("load", func(m *heard) bool { return m.Method == "Page.loadEventFired" })
}

// look sets the size of the screen, the colours that the user prefers, and the medium.
func (b *browser) look(width int, scheme, medium string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700,
	}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{
		"media": medium, "features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}},
	}, nil)
}

// evaluate gives the value of an expression in the page.
func (b *browser) evaluate(expression string, value any) {
	b.t.Helper()
	got := struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails any
	}{}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &got)
	if got.ExceptionDetails != nil {
		b.t.Fatalf("%s: %v", expression, got.ExceptionDetails)
	}
	if err := json.Unmarshal(got.Result.Value, value); err != nil {
		b.t.Fatalf("%s: %v", fmt.Sprint(expression), err)
	}
}
