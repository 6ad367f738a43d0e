// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"bytes"
	"testing"
)

func isolatedGenerators() map[string]func(Settings, uint64, int) *Isolated {
	return map[string]func(Settings, uint64, int) *Isolated{
		"SingleChecks": SingleChecks, "SingleDefaults": SingleDefaults, "TrivialPolicies": TrivialPolicies,
		"AllowAll": AllowAll, "Updates": Updates,
	}
}

func TestIsolatedCasesAreAFunctionOfSeedAndIndex(t *testing.T) {
	for name, generate := range isolatedGenerators() {
		seen := map[string]bool{}
		for seed := range uint64(3) {
			for index := range 9 {
				a, b := generate(Defaults(), seed, index), generate(Defaults(), seed, index)
				if !bytes.Equal(encode(t, a.Objects), encode(t, b.Objects)) || !bytes.Equal(encode(t, a.Probes), encode(t, b.Probes)) {
					t.Errorf("%s: seed %d, index %d differs from itself", name, seed, index)
				}
				if text := string(encode(t, a.Probes)); seen[text] || len(a.Probes) == 0 {
					t.Errorf("%s: seed %d, index %d: nothing new in %d requests", name, seed, index, len(a.Probes))
				} else {
					seen[text] = true
				}
			}
		}
	}
}

// Every check, every field that fills something in and every rule of RBAC is an aspect, in two clusters at the latest.
func TestIsolatedCasesHaveAllAspects(t *testing.T) {
	aspects := map[string]map[string]bool{}
	for name, generate := range isolatedGenerators() {
		aspects[name] = map[string]bool{}
		for index := range 2 {
			for _, p := range generate(Defaults(), 1, index).Probes {
				aspects[name][p.Aspect] = true
			}
		}
	}
	for _, check := range Checks() {
		if !aspects["SingleChecks"][check] {
			t.Errorf("SingleChecks: %s is missing", check)
		}
	}
	for _, d := range fieldDefaults() {
		if !aspects["SingleDefaults"][d.name] {
			t.Errorf("SingleDefaults: %s is missing", d.name)
		}
	}
	for _, a := range accessAspects() {
		if !aspects["AllowAll"][a.name] {
			t.Errorf("AllowAll: %s is missing", a.name)
		}
	}
	if len(aspects["Updates"]) != len(updateKinds()) || len(aspects["TrivialPolicies"]) != 4 {
		t.Errorf("%v, %v", aspects["Updates"], aspects["TrivialPolicies"])
	}
}

// A policy of SingleChecks narrows its own check and no other.
func TestSingleChecksNarrowOneCheck(t *testing.T) {
	for index := range 6 {
		for _, p := range SingleChecks(Defaults(), 1, index).Policies {
			var narrowed []string
			for _, c := range checks() {
				if c.narrows(p) {
					narrowed = append(narrowed, c.name)
				}
			}
			if len(narrowed) != 1 {
				t.Errorf("index %d: %s narrows %v", index, p.Name(), narrowed)
			}
		}
	}
}

// A field of SingleDefaults is part of the check that it says it is part of.
func TestSingleDefaultsDemandWhatTheyFillIn(t *testing.T) {
	for _, p := range SingleDefaults(Defaults(), 1, 0).Policies {
		narrowed := 0
		for _, c := range checks() {
			for _, d := range fieldDefaults() {
				if d.check == c.name && p.Name() == "fills-in-"+dashed(d.name) && !c.narrows(p) {
					t.Errorf("%s does not demand anything in %s", p.Name(), c.name)
				}
			}
			if c.narrows(p) {
				narrowed++
			}
		}
		if narrowed != 1 {
			t.Errorf("%s narrows %d checks", p.Name(), narrowed)
		}
	}
}
