// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/cases"
)

// The seed, the cluster's index and the case's index that a report names are all it takes to make
// the case again, alone, whatever was asked before it and by however many workers.
func TestReportedCaseCanBeMadeAgainAlone(t *testing.T) {
	policies := []json.RawMessage{
		json.RawMessage(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"p"},"spec":{}}`),
		json.RawMessage(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"q"},"spec":{"hostPID":true}}`),
	}
	for _, workers := range []int{1, 3} {
		seen := map[string]int{}
		for _, objects := range [][]json.RawMessage{nil, policies} {
			o := fakeOptions(t, "good", answering(t, openPermission))
			o.Generate, o.Objects, o.Workers, o.Keep = objects == nil, objects, workers, 1000
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range r.Divergences {
				seen[d.Pass]++
				again := madeAgain(t, d, objects)
				if diff := cmp.Diff(d.Objects, again.Objects); diff != "" {
					t.Errorf("%s, cluster %d (-reported +again):\n%s", d.Pass, d.Cluster, diff)
				}
				made := again.Group(cases.Defaults(), d.Seed, d.Case/cases.GroupSize)[d.Case%cases.GroupSize]
				if diff := cmp.Diff(d.Request, made.Request); diff != "" || made.Check != d.Check || made.Index != d.Case {
					t.Errorf("%s, cluster %d, case %d (-reported +again):\n%s", d.Pass, d.Cluster, d.Case, diff)
				}
			}
		}
		for _, pass := range []string{PassGenerated, PassGiven, PassSynthetic} {
			if seen[pass] == 0 {
				t.Errorf("%d workers: no case of %s to look at", workers, pass)
			}
		}
	}
}

// madeAgain is the cluster of a divergence, made without anything before it.
func madeAgain(t *testing.T, d *Divergence, objects []json.RawMessage) *cases.Cluster {
	t.Helper()
	if d.Pass == PassGenerated {
		return cases.Generate(cases.Defaults(), d.Seed, d.Cluster)
	}
	c, err := cases.NewCluster(d.Dialect, objects)
	if err != nil {
		t.Fatal(err)
	}
	if d.Pass == PassSynthetic {
		return c.Synthetic()
	}
	return c
}
