// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"psp2rego/verify/protocol"
)

func podRequest(object string) *protocol.Request {
	return &protocol.Request{
		Operation: "CREATE", Namespace: "ns", Name: "p", Resource: protocol.Pods(), Kind: protocol.PodKind(),
		UserInfo: protocol.UserInfo{Username: "jeff"}, Object: json.RawMessage(object),
	}
}

func TestEvaluatorWithAWrongGreetingIsRefused(t *testing.T) {
	for mode, want := range map[string]string{
		"other protocol":   "speaks protocol 2, not 1",
		"other engine":     `is "guesswork"`,
		"no version":       "tells no version",
		"no greeting":      "greeting: it died; it wrote: cannot start",
		"garbled greeting": "greeting: invalid character",
	} {
		t.Run(mode, func(t *testing.T) {
			_, err := StartNative(t.Context(), fakeEvaluator(t, mode))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want ...%s", err, want)
			}
		})
	}
}

func TestSilentEvaluatorIsGivenUp(t *testing.T) {
	command := fakeEvaluator(t, "silent")
	command.Timeout = 50 * time.Millisecond
	_, err := StartNative(t.Context(), command)
	if err == nil || !strings.Contains(err.Error(), "did not answer within") {
		t.Errorf("got %v", err)
	}
}

// Whatever goes wrong after the greeting is an error that names the case it went wrong at.
func TestBrokenEvaluatorIsAnErrorThatNamesTheCase(t *testing.T) {
	for mode, want := range map[string]string{
		"dies":        "third: it died; it wrote: out of memory",
		"hangs":       "third: it did not answer within 100ms",
		"garbles":     "third: garbled answer",
		"half a line": "third: it died: after half a line",
		"repeats":     "third: answer has id 2, not 3",
		"no verdict":  "third: answer without admit",
	} {
		t.Run(mode, func(t *testing.T) {
			n, err := StartNative(t.Context(), fakeEvaluator(t, mode))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = n.Close() }()
			if err := n.Load(protocol.Cluster{}, "first"); err != nil {
				t.Fatal(err)
			}
			if _, err := n.Review(podRequest("{}"), "second"); err != nil {
				t.Fatal(err)
			}
			if mode == "hangs" {
				n.timeout, n.watch.timeout = 100*time.Millisecond, 100*time.Millisecond
			}
			_, err = n.Review(podRequest("{}"), "third")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want ...%s", err, want)
			}
		})
	}
}

func TestAnswersComeInTheOrderOfTheLines(t *testing.T) {
	n, err := StartNative(t.Context(), fakeEvaluator(t, "good"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	objects := []string{`{"spec":{"hostPID":true}}`, `{"spec":{}}`}
	for i := range maxInFlight {
		if err := n.Send(protocol.Line{Op: protocol.OpReview, Request: podRequest(objects[i%2])}, "case"); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Send(protocol.Line{Op: protocol.OpReview, Request: podRequest("{}")}, "one more"); err == nil {
		t.Error("more lines are in flight than answers can be kept")
	}
	for i := range maxInFlight {
		answer, err := n.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if answer.Admit.Allowed != (i%2 == 1) {
			t.Errorf("answer %d is that of another line", i)
		}
	}
}

func TestUnexpectedRefusalOfNativeIsAnError(t *testing.T) {
	for _, message := range []string{
		"", `pods "p" is broken`, `nodes "n" is forbidden: x`, `pods p is forbidden: x`, `pods "p`,
	} {
		if v, err := nativeVerdict(&protocol.Verdict{Handled: true, Message: message}); err == nil {
			t.Errorf("%q passes as %+v", message, v)
		}
	}
	v, err := nativeVerdict(&protocol.Verdict{Handled: true, Message: `pods "a\" is forbidden: b" is forbidden: PodSecurityPolicy: x`})
	if err != nil || v.Message != "PodSecurityPolicy: x" {
		t.Errorf("a name with quotes: %+v, %v", v, err)
	}
	if _, err := nativeVerdict(&protocol.Verdict{Allowed: true, AuditAnnotations: map[string]string{"other/x": "y"}}); err == nil {
		t.Error("an audit annotation of another plugin passes")
	}
}
