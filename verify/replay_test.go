// SPDX-License-Identifier: Apache-2.0

package verify

import "testing"

// A case that is put to one phase alone was judged: its replay is no empty run.
func TestReplayOfOnePhaseIsConclusive(t *testing.T) {
	for _, phase := range []Phase{Mutate, Validate} {
		c, err := ParseCaseFile([]byte("-- phase --\n" + string(phase) + "\n-- cluster.yaml --\n" +
			"-- request.yaml --\nnamespace: ns\nuserInfo: {username: jeff}\nobject: {metadata: {name: p}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		o := fakeOptions(t, "good", faithfulBundle(t))
		o.Generate = false
		r, err := Replay(t.Context(), o, c)
		if err != nil {
			t.Fatal(err)
		}
		if r.Outcome() != Equivalent || r.Passes[0].Phases[phase].Asked != 1 {
			t.Errorf("%s:\n%s", phase, reportText(t, r))
		}
	}
}
