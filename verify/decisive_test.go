// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"testing"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// The pairs that are made to decide do so: one half is always refused by the policy it aims at, or
// both are admitted and filled in. What is wrong about a policy's decisions shows here, for policies
// as odd as the generators make them.
func TestDecisivePairsAreDecisive(t *testing.T) {
	native := startNative(t)
	settings := cases.Defaults()
	settings.OddPolicies = 0.3
	pairs, flips, fills := 0, 0, map[string]int{}
	for index := range 80 {
		c := cases.Generate(settings, 3, index).Synthetic()
		if err := native.Load(protocol.Cluster{Dialect: c.Dialect, Objects: c.Objects}, "cluster"); err != nil {
			continue
		}
		for i, decision := range c.Decisions() {
			made := c.Group(settings, 3, i+i/2) // two in three groups are such pairs
			if made[0].Check != decision.Check || !made[1].Paired {
				t.Fatalf("group %d varies %s, not %s", i+i/2, made[0].Check, decision.Check)
			}
			before, after := allows(t, native, &made[0]), allows(t, native, &made[1])
			pairs++
			switch {
			case decision.Refuses && after:
				t.Errorf("cluster %d: policy %q admits what violates %s: %s", index, decision.Policy, decision.Check, made[1].Request.Object)
			case decision.Refuses && before:
				flips++
			case !decision.Refuses && before && after:
				fills[decision.Check]++
			}
		}
	}
	t.Logf("%d pairs, %d flips, %v", pairs, flips, fills)
	if pairs < 1000 || flips < pairs/2 || len(fills) < 3 {
		t.Errorf("%d pairs, %d flips, filled in %v", pairs, flips, fills)
	}
}

func allows(t *testing.T, native *Native, c *cases.Case) bool {
	t.Helper()
	answer, err := native.Review(c.Request, "case")
	if err != nil {
		t.Fatal(err)
	}
	return answer.Error == nil && answer.Admit.Allowed && answer.Validate.Allowed
}
