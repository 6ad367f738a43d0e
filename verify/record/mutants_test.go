// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"psp2rego/verify"
	"psp2rego/verify/cases"
	"psp2rego/verify/mutants"
)

// faultsTried is about how many faulty versions are made of each cluster's policies.
const faultsTried = 16

// TestEditsThatChangeADecisionAreNoticed makes faulty versions of the policies' modules. Those that the differential tester tells
// from the modules as they are, the recorded tests have to tell, too: 95 of 100.
func TestEditsThatChangeADecisionAreNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector it takes many minutes, and shares no memory that the other tests do not")
	}
	caught, noticed := 0, 0
	for name, tc := range map[string]struct {
		objects []json.RawMessage
		dialect string
		cases   int
	}{
		"mke":     {load(t, mke), cases.MKE, 20},
		"cluster": {load(t, cluster), cases.Kubernetes, 60},
	} {
		t.Run(name, func(t *testing.T) {
			o, result := record(t, tc.objects, tc.dialect, tc.cases, runtime.GOMAXPROCS(0))
			recording, plan := sample(t, o, faultsTried)
			defer func() { _ = recording.Close() }() // what it had to say was said by then
			results, err := plan.Run(t.Context(), mutants.Options{Workers: runtime.GOMAXPROCS(0)})
			if err != nil {
				t.Fatal(err)
			}
			bundle, err := verify.ReadBundle(o.Bundle)
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range plan.Mutants {
				if results[i].Verdict != mutants.Caught {
					continue
				}
				caught++
				fails, err := failing(t.Context(), filesOf(bundle.Modules(), result, m.File), bundle.Data(), m.File, m.Text)
				if err != nil {
					t.Fatal(err)
				}
				if fails {
					noticed++
				} else {
					t.Logf("not noticed: %s: %s -> %s", m.ID, m.Before, m.After)
				}
			}
		})
	}
	t.Logf("%d of %d faults that verify catches are noticed by the recorded tests", noticed, caught)
	if caught < faultsTried/3 || noticed*100 < caught*95 {
		t.Errorf("%d of %d are noticed", noticed, caught)
	}
}

// sample are about so many faulty versions of the policies' modules, the same ones each time, with the cases to judge them by.
func sample(t *testing.T, o Options, size int) (*verify.Recording, *mutants.Plan) {
	t.Helper()
	recording, err := verify.NewRecording(verify.Options{
		Native: o.Native, Translate: o.Translate, Objects: o.Objects, Dialect: o.Dialect, Cases: 400, Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	policies := func(path string) bool { return strings.HasPrefix(path, "lib/psp/policies/") }
	plan, err := mutants.NewPlan(t.Context(), &mutants.Target{Recording: recording, Owns: policies})
	if err != nil {
		t.Fatal(err)
	}
	every, i := max(1, len(plan.Mutants)/size), 0
	return recording, plan.Choose(func(*mutants.Mutant) bool { i++; return i%every == 0 })
}
