// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// A file in which the divergence is not seen again is an error, and not a counterexample. The file
// stays, because somebody has to find out why.
func TestRecordedCaseThatDoesNotReproduceIsAnError(t *testing.T) {
	open, repaired := answering(t, openPermission), faithfulBundle(t)
	o := fakeOptions(t, "good", nil)
	o.Cases, o.PerCluster, o.Workers, o.Keep, o.Record = 100, 100, 1, 1, filepath.Join(t.TempDir(), "found")
	var calls atomic.Int32
	o.Translate = func(context.Context, []json.RawMessage, string) ([]byte, error) {
		if calls.Add(1) == 1 {
			return open, nil
		}
		return repaired, nil
	}
	r, err := Run(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "the recorded case does not show the divergence again (fail-open in mutate: ") {
		t.Fatalf("got %v", err)
	}
	if r == nil || r.Outcome() != Diverging || len(r.Divergences) != 1 || r.Divergences[0].File != "" {
		t.Errorf("the report: %+v", r)
	}
	entries, err := os.ReadDir(o.Record)
	if err != nil || len(entries) != 1 || entries[0].Name() != r.Divergences[0].FileName() {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestFolderThatCannotBeWrittenIsAnError(t *testing.T) {
	o := fakeOptions(t, "good", answering(t, openPermission))
	o.Keep, o.Record = 1, filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(o.Record, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "not a directory") || r == nil {
		t.Errorf("got %v, %v", r, err)
	}
}

// With a ready bundle only objects go that have no bearing on native's answer, and none is changed.
func TestObjectsOfAReadyBundleAreLeftOutOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if err := os.WriteFile(path, answering(t, openPermission), 0o600); err != nil {
		t.Fatal(err)
	}
	o := fakeOptions(t, "good", nil)
	o.Translate, o.Bundle = nil, path
	judge, err := NewJudge(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = judge.Close() }()
	d := &Divergence{
		Difference: Difference{Phase: Mutate, Class: FailOpen},
		Request:    podRequest(`{"spec":{"hostPID":true,"hostIPC":true}}`),
		Objects: []json.RawMessage{
			json.RawMessage(`{"kind":"PodSecurityPolicy","metadata":{"name":"without bearing"}}`),
			json.RawMessage(`{"kind":"PodSecurityPolicy","metadata":{"name":"that speaks","annotations":{"reason":" at all"},"labels":{"a":"b"}}}`),
		},
	}
	want := string(d.Objects[1])
	if err := Shrink(t.Context(), judge, d, 1000); err != nil {
		t.Fatal(err)
	}
	if len(d.Objects) != 1 || !sameJSON(t, string(d.Objects[0]), want) || string(d.Request.Object) != `{"spec":{"hostPID":true}}` {
		t.Errorf("left are %s and %s", d.Objects, d.Request.Object)
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	return unequal(json.RawMessage(a), json.RawMessage(b)) == ""
}

func TestReplayCommandIsForAShell(t *testing.T) {
	r := &Report{Bundle: "out", Command: []string{"psp2rego", "verify", "-f", "my cluster's", "--seed", "7"}}
	for _, tc := range []struct {
		d    Divergence
		want string
	}{
		{Divergence{Pass: PassGiven, File: "a b/c.txtar"}, `psp2rego verify --policies out --replay 'a b/c.txtar'`},
		{Divergence{Pass: PassSynthetic, File: "c.txtar"}, `psp2rego verify --policies out --replay c.txtar`},
		{Divergence{Pass: PassGiven}, `psp2rego verify -f 'my cluster'\''s' --seed 7 --record DIR`},
		{Divergence{Pass: PassReplay}, `psp2rego verify -f 'my cluster'\''s' --seed 7`},
	} {
		if got := strings.Join(r.ReplayCommand(&tc.d), " "); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
	templates := &Report{Templates: []string{"a", "b"}}
	if got := strings.Join(templates.ReplayCommand(&Divergence{File: "c"}), " "); got != "psp2rego verify --policies a --policies b --replay c" {
		t.Errorf("got %s", got)
	}
	if got := (&Report{}).ReplayCommand(&Divergence{Pass: PassGiven}); got != nil {
		t.Errorf("out of nothing: %s", got)
	}
}
