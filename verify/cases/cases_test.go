// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func encode(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSameSeedAndIndexGiveTheSameCase(t *testing.T) {
	settings := Defaults()
	for cluster := range 20 {
		a, b := Generate(settings, 7, cluster), Generate(settings, 7, cluster)
		if diff := cmp.Diff(encode(t, a.Objects), encode(t, b.Objects)); diff != "" {
			t.Fatalf("cluster %d differs from itself: %s", cluster, diff)
		}
		want := [][]byte{}
		for group := range 20 {
			want = append(want, encode(t, a.Group(settings, 7, group)))
		}
		for group := 19; group >= 0; group-- { // in another order, without those before it
			if got := encode(t, b.Group(settings, 7, group)); !bytes.Equal(got, want[group]) {
				t.Fatalf("cluster %d, group %d differs (-first +again):\n%s", cluster, group, cmp.Diff(want[group], got))
			}
		}
	}
}

func TestSeedsAndIndexesGiveDifferentCases(t *testing.T) {
	settings := Defaults()
	seen := map[string]bool{}
	add := func(data []byte) {
		if seen[string(data)] {
			t.Errorf("twice: %.200s", data)
		}
		seen[string(data)] = true
	}
	for seed := range uint64(3) {
		for cluster := range 5 {
			c := Generate(settings, seed, cluster)
			add(encode(t, c.Objects))
			for group := range 5 {
				add(encode(t, c.Group(settings, seed, group)))
			}
		}
	}
}

// Every part of the generators runs: what panics on an odd combination shows here.
func TestCasesOfAllKindsAreMade(t *testing.T) {
	settings := Defaults()
	settings.OddPolicies, settings.Updates, settings.Hostile, settings.Others = 0.5, 12, 24, 6
	kinds, varied := map[Kind]int{}, map[string]int{}
	sizes := map[int]int{}
	for cluster := range 300 {
		c := Generate(settings, 11, cluster)
		sizes[len(c.Policies)]++
		names := map[string]bool{}
		for _, p := range c.Policies {
			if names[p.Name()] {
				t.Errorf("cluster %d has two policies called %s", cluster, p.Name())
			}
			names[p.Name()] = true
		}
		for _, s := range []*Cluster{c, c.Synthetic()} {
			for group := range 15 {
				for i, made := range s.Group(settings, 11, group) {
					kinds[made.Kind]++
					varied[made.Check]++
					if made.Index != group*GroupSize+i || made.Request == nil {
						t.Fatalf("cluster %d, group %d: %+v", cluster, group, made)
					}
				}
			}
		}
	}
	for _, kind := range []Kind{Focus, Update, Hostile, Other} {
		if kinds[kind] == 0 {
			t.Errorf("no case of kind %s", kind)
		}
	}
	for _, name := range Checks() {
		if varied[name] == 0 {
			t.Errorf("%s is never varied", name)
		}
	}
	for n := range settings.MaxPolicies + 1 {
		if sizes[n] == 0 {
			t.Errorf("no cluster with %d policies", n)
		}
	}
}

func TestFocusPairDiffersInOneCheckOnly(t *testing.T) {
	settings := Defaults()
	settings.Updates, settings.Hostile, settings.Others = 0, 0, 0
	c := Generate(settings, 1, 1)
	for group := range 50 {
		pair := c.Group(settings, 1, group)
		a, b := *pair[0].Request, *pair[1].Request
		a.Object, b.Object = nil, nil
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("group %d: the requests differ beside their pods: %s", group, diff)
		}
		if pair[0].Paired || !pair[1].Paired || pair[0].Check != pair[1].Check {
			t.Errorf("group %d is no pair: %+v", group, pair)
		}
	}
}

func TestEachCheckHasItsFile(t *testing.T) {
	for _, name := range Checks() {
		if _, err := os.Stat(name + ".go"); err != nil {
			t.Error(err)
		}
	}
}

// A policy that narrows a check says so, and one that is lax in it does not.
func TestNarrowedChecksDemandSomething(t *testing.T) {
	g := newGen(Defaults(), 1, 1, 1)
	g.settings.OddPolicies = 0
	for _, c := range checks() {
		if c.narrows(lax("lax")) {
			t.Errorf("%s: the lax policy narrows it", c.name)
		}
		narrowed := 0
		for range 50 {
			p := lax("narrow")
			c.narrow(g, p)
			if c.narrows(p) {
				narrowed++
			}
		}
		if narrowed < 10 {
			t.Errorf("%s: 50 times narrowed, and %d times it shows", c.name, narrowed)
		}
	}
}

func TestGivenClusterKeepsWhatItDoesNotKnow(t *testing.T) {
	objects := []json.RawMessage{
		json.RawMessage(`{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"p"},"spec":{}}`),
		json.RawMessage(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}`),
	}
	c, err := NewCluster(Kubernetes, objects)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Objects) != 2 || len(c.Policies) != 1 {
		t.Errorf("%d objects, %d policies", len(c.Objects), len(c.Policies))
	}
	if len(c.Group(Defaults(), 1, 0)) != GroupSize {
		t.Error("no cases for a policy without any field set")
	}
}
