// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// somePolicy is a policy that decides in several checks.
const somePolicy = `{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"p"},"spec":{
	"hostPorts":[{"min":0,"max":65535}],"volumes":["*"],"allowedCapabilities":["*"],"allowPrivilegeEscalation":true,
	"seLinux":{"rule":"RunAsAny"},"runAsUser":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"}}}`

// givenOptions are those of a run over somePolicy.
func givenOptions(t *testing.T, bundle []byte) Options {
	t.Helper()
	o := fakeOptions(t, "good", bundle)
	o.Generate, o.Objects = false, []json.RawMessage{json.RawMessage(somePolicy)}
	return o
}

func mustRun(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sameReport compares reports but for the time they took, in the form in which they are written.
func sameReport(t *testing.T, want, got *Report) string {
	t.Helper()
	text := func(r *Report) string {
		timeless := *r
		timeless.Elapsed = 0
		var out bytes.Buffer
		if err := timeless.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, out.Bytes(), "", " "); err != nil {
			t.Fatal(err)
		}
		return indented.String()
	}
	return cmp.Diff(text(want), text(got))
}

func shards(t *testing.T, o Options, number int) []*Report {
	t.Helper()
	var reports []*Report
	for index := range number {
		o.Shard = Shard{index + 1, number}
		reports = append(reports, reread(t, mustRun(t, o)))
	}
	return reports
}

// reread is the report as it comes back from its file.
func reread(t *testing.T, r *Report) *Report {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	again, err := ReadReport(&out)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// However a run is divided, and in whatever order its shards are merged: the report is that of the
// run in one piece, down to the divergences that are kept.
func TestMergedShardsAreTheWholeRun(t *testing.T) {
	open := answering(t, openPermission)
	faithful := faithfulBundle(t)
	given, generated := givenOptions(t, open), fakeOptions(t, "good", open)
	given.Cases, given.Keep, generated.Keep = 2300, 3, 3
	for name, o := range map[string]Options{
		"given": given, "generated": generated, "equivalent": givenOptions(t, faithful),
	} {
		t.Run(name, func(t *testing.T) {
			ticks := time.Duration(0)
			o.Workers, o.Clock = 1, func() time.Time { ticks += time.Millisecond; return time.Unix(0, 0).Add(ticks) }
			whole := mustRun(t, o)
			for _, number := range []int{1, 3} {
				reports := shards(t, o, number)
				slices.Reverse(reports)
				merged, err := MergeReports(reports)
				if err != nil {
					t.Fatal(err)
				}
				if diff := sameReport(t, whole, merged); diff != "" {
					t.Errorf("%d shards (-whole +merged):\n%s", number, diff)
				}
				if merged.Elapsed == 0 || merged.Outcome() != whole.Outcome() {
					t.Errorf("%d shards: outcome %d after %s", number, merged.Outcome(), merged.Elapsed)
				}
			}
		})
	}
}

func TestReportsThatAreNotAllShardsOfOneRunAreRefused(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	reports := shards(t, o, 2)
	changed := func(change func(r *Report)) *Report {
		r := reread(t, reports[1])
		change(r)
		return r
	}
	for want, list := range map[string][]*Report{
		"no reports":                                                                      {},
		"the report of shard 2/2 is missing":                                              {reports[0]},
		"reports 1 and 2 are both of shard 1/2":                                           {reports[0], reports[0]},
		"report 2 is not of the same run as report 1: seed 6, not 5":                      {reports[0], changed(func(r *Report) { r.Seed = 6 })},
		"version of psp2rego v9, not ":                                                    {reports[0], changed(func(r *Report) { r.Tool = "v9" })},
		"version of Kubernetes v1.25.0, not v0":                                           {reports[0], changed(func(r *Report) { r.Native = "v1.25.0" })},
		"version of OPA 0, not " + OPAVersion():                                           {reports[0], changed(func(r *Report) { r.OPA = "0" })},
		"number of cases 7, not 600":                                                      {reports[0], changed(func(r *Report) { r.Plan.Cases = 7 })},
		"number of shards 3, not 2":                                                       {reports[0], changed(func(r *Report) { r.Plan.Shard.Of = 3 })},
		"input or its settings (digest) x, not " + reports[0].Plan.Inputs:                 {reports[0], changed(func(r *Report) { r.Plan.Inputs = "x" })},
		"report 2: there is no shard 3/2":                                                 {reports[0], changed(func(r *Report) { r.Plan.Shard.Index = 3 })},
		"report 2 is not of the same run as report 1: a report on a single recorded case": {reports[0], changed(func(r *Report) { r.Plan = nil })},
		"shard 2/2 has other passes than shard 1/2":                                       {reports[0], changed(func(r *Report) { r.Passes = nil })},
	} {
		if _, err := MergeReports(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ...%s", err, want)
		}
	}
}

// An interrupted shard makes the whole interrupted; one that ran out of time does not hide it.
func TestMergedShardsAreAsUnfinishedAsTheLeastOfThem(t *testing.T) {
	reports := shards(t, fakeOptions(t, "good", faithfulBundle(t)), 3)
	reports[1].Stopped, reports[2].Stopped = StoppedByInterrupt, StoppedByTime
	merged, err := MergeReports(reports)
	if err != nil || merged.Outcome() != Unfinished {
		t.Errorf("%v, outcome %d", err, merged.Outcome())
	}
	reports[1].Stopped = ""
	merged, err = MergeReports(reports)
	if err != nil || merged.Stopped != StoppedByTime || merged.Outcome() != Equivalent {
		t.Errorf("%v, outcome %d, %q", err, merged.Outcome(), merged.Stopped)
	}
}

func TestWhatIsNoReportIsNotRead(t *testing.T) {
	for _, text := range []string{``, `{`, `[]`, `{}`, `{"passes":[]}`, `{"passes":[null]}`, `{"passes":[{"name":"x"}]}`, `{"what":1}`} {
		if r, err := ReadReport(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read as %+v", text, r)
		}
	}
}

// Each case of each pass is done by exactly one shard, and passes take turns.
func TestShardsDivideTheUnits(t *testing.T) {
	given := &subject{}
	for _, passes := range [][]*pass{
		{{name: "a", cases: 1001}},
		{{name: "a", given: given, cases: 5000}, {name: "b", given: given, cases: 2500}},
		{{name: "a", given: given, cases: 1}, {name: "b", given: given, cases: 0}},
	} {
		var whole []unit
		for u := range units(passes, 100, Shard{1, 1}) {
			whole = append(whole, u)
		}
		counted := map[string]int{}
		for i, u := range whole {
			counted[u.pass.name] += u.cases
			if u.index != i {
				t.Errorf("unit %d has index %d", i, u.index)
			}
		}
		for _, p := range passes {
			if counted[p.name] != p.cases {
				t.Errorf("%s: %d cases of %d", p.name, counted[p.name], p.cases)
			}
		}
		for _, number := range []int{2, 3, 7} {
			divided := make([]unit, len(whole))
			for index := range number {
				for u := range units(passes, 100, Shard{index + 1, number}) {
					at := u.index*number + index
					u.index = at
					divided[at] = u
				}
			}
			if !slices.Equal(whole, divided) {
				t.Errorf("%d shards: %v, not %v", number, divided, whole)
			}
		}
	}
	seen := map[string]bool{}
	taken := 0
	for u := range units([]*pass{{name: "a", cases: unbounded}, {name: "b", given: given, cases: unbounded}}, 100, Shard{1, 1}) {
		seen[u.pass.name] = true
		if taken++; taken == 2*unitsPerTurn {
			break
		}
	}
	if len(seen) != 2 {
		t.Errorf("only %v had a turn", slices.Collect(maps.Keys(seen)))
	}
}

func TestShardsAreWrittenAsTheyAreRead(t *testing.T) {
	if s, err := ParseShard("2/8"); err != nil || s != (Shard{2, 8}) || s.String() != "2/8" {
		t.Errorf("%v, %v", s, err)
	}
	for _, text := range []string{"", "1", "0/2", "3/2", "-1/2", "1/0", "1/2/3", " 1/2", "01/2", "1/2x", "a/b"} {
		if s, err := ParseShard(text); err == nil {
			t.Errorf("%q is read as %v", text, s)
		}
	}
}

func TestShardWithoutCasesIsAnError(t *testing.T) {
	o := fakeOptions(t, "good", faithfulBundle(t))
	o.Shard = Shard{13, 13} // of twelve clusters
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "shard 13/13 is empty") {
		t.Errorf("got %v", err)
	}
}

// The digest tells inputs apart that other bytes make: of the bundle, of the objects, of the search.
func TestInputsAreToldApart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.rego", "package a")
	base := Options{Bundle: dir, Objects: []json.RawMessage{json.RawMessage(`{}`)}}
	seen := map[string]string{}
	note := func(what string, o Options) {
		digest, err := o.inputs()
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[digest]; ok {
			t.Errorf("%s has the digest of %s", what, other)
		}
		seen[digest] = what
	}
	note("base", base)
	o := base
	o.Objects = []json.RawMessage{json.RawMessage(`{"a":1}`)}
	note("another object", o)
	o = base
	o.Dialect = "mke"
	note("another dialect", o)
	o = base
	o.Shrink = 7
	note("another budget", o)
	write("a.rego", "package b")
	note("another module", base)
	write("b.rego", "package b")
	note("one more module", base)
	o.Bundle = dir + "/b.rego"
	note("a file", o)
	o.Bundle = dir + "/none"
	if _, err := o.inputs(); err == nil || errors.Unwrap(err) == nil {
		t.Errorf("a bundle that is not there: %v", err)
	}
}
