// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// Every line has one line of answer, in order, from the greeting to the last line without end.
func TestLinesAreAnsweredInOrder(t *testing.T) {
	cluster, err := json.Marshal(map[string]any{"id": 5, "op": "cluster", "cluster": map[string]any{"paths": []string{folder(t, map[string]string{"r.yaml": noHostPID()})}}})
	if err != nil {
		t.Fatal(err)
	}
	request := `{"id":6,"op":"validate","request":{"operation":"CREATE","resource":{"version":"v1","resource":"pods"},"kind":{"version":"v1","kind":"Pod"},"object":{"spec":{"hostPID":true}}}}`
	var out, log bytes.Buffer
	if status := run(nil, strings.NewReader(string(cluster)+"\n"+request+"\n\n"+request), &out, &log); status != 0 || log.Len() > 0 {
		t.Fatalf("status %d, log %s", status, log.String())
	}
	refused := `{"id":6,"validate":{"handled":true,"allowed":false,"message":"[no-host-pid] no hostPID"}}` + "\n"
	want := `{"protocol":1,"engine":"gatekeeper","version":"` + gatekeeperVersion() + `"}` + "\n" + `{"id":5}` + "\n" + refused +
		`{"id":null,"error":{"kind":"usage","message":"request line: unexpected end of JSON input"}}` + "\n" + refused
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

// The version is that of the module which the documentation names.
func TestVersionIsThatOfTheLinkedModule(t *testing.T) {
	var out, log bytes.Buffer
	if status := run([]string{"--version"}, nil, &out, &log); status != 0 || out.String() != "v3.23.1\n" {
		t.Errorf("status %d, %q", status, out.String())
	}
}

func TestUsage(t *testing.T) {
	for _, tc := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"--help"}, 0, "Usage:  psp2rego-gatekeeper", ""},
		{[]string{"--unknown"}, 2, "", "unknown"},
		{[]string{"file"}, 2, "", `unexpected argument "file"`},
	} {
		var out, log bytes.Buffer
		status := run(tc.args, strings.NewReader(""), &out, &log)
		if status != tc.status || !strings.Contains(out.String(), tc.stdout) || !strings.Contains(log.String(), tc.stderr) {
			t.Errorf("%v: status %d\n%s%s", tc.args, status, out.String(), log.String())
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errors.New("unplugged") }
func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestInputAndOutputThatCannotBeUsed(t *testing.T) {
	var log bytes.Buffer
	if status := run(nil, broken{}, io.Discard, &log); status != 2 || !strings.Contains(log.String(), "reading requests: unplugged") {
		t.Errorf("status %d, %s", status, log.String())
	}
	log.Reset()
	if status := run(nil, strings.NewReader("{}\n"), broken{}, &log); status != 2 || !strings.Contains(log.String(), "writing answers: full") {
		t.Errorf("status %d, %s", status, log.String())
	}
}
