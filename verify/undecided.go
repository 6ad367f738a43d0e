// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"psp2rego/verify/cases"
)

// FieldCount counts the pairs of pods that differ in one check only and were decided by one policy,
// the one that native chose: pods that it let in, that were refused, that it changed in another way.
type FieldCount struct {
	// Fills is set when the policy refuses nothing in this check and fills something in, so that a
	// change is what has to be seen. Otherwise both other counts have to be more than zero.
	Fills  bool `json:"fills,omitempty"`
	Allow  int  `json:"allow"`
	Deny   int  `json:"deny"`
	Change int  `json:"change"`
}

func (n *FieldCount) decided() bool {
	if n.Fills {
		return n.Change > 0
	}
	return n.Allow > 0 && n.Deny > 0
}

func (n *FieldCount) String() string {
	if n.Fills {
		return fmt.Sprintf("change %d", n.Change)
	}
	return fmt.Sprintf("allow %d, deny %d", n.Allow, n.Deny)
}

// demand makes the tally count what has to be decided.
func (t *Tally) demand(decisions []cases.Decision) {
	for _, d := range decisions {
		t.field(d.Policy, d.Check).Fills = !d.Refuses
	}
}

// demanded is what has to be decided, with nothing counted.
func (t *Tally) demanded() map[string]map[string]*FieldCount {
	empty := &Tally{}
	for policy, checks := range t.Fields {
		for check, n := range checks {
			empty.field(policy, check).Fills = n.Fills
		}
	}
	return empty.Fields
}

func (t *Tally) field(policy, check string) *FieldCount {
	if t.Fields == nil {
		t.Fields = map[string]map[string]*FieldCount{}
	}
	if t.Fields[policy] == nil {
		t.Fields[policy] = map[string]*FieldCount{}
	}
	if t.Fields[policy][check] == nil {
		t.Fields[policy][check] = &FieldCount{}
	}
	return t.Fields[policy][check]
}

// decide counts the second case of a pair for the policy that native chose for the half it allowed.
func (t *Tally) decide(check string, o, last *outcome) {
	switch {
	case o.allowed() && !last.allowed():
		t.field(o.native[Mutate].Policy, check).Allow++
	case !o.allowed() && last.allowed():
		t.field(last.native[Mutate].Policy, check).Deny++
	case o.allowed() && o.native[Mutate].Policy == last.native[Mutate].Policy &&
		!bytes.Equal(o.patch(Mutate), last.patch(Mutate)):
		t.field(o.native[Mutate].Policy, check).Change++
	}
}

// addFields adds what other counted of that which is demanded here.
func (t *Tally) addFields(other *Tally) {
	for policy, checks := range t.Fields {
		for check, n := range checks {
			if o := other.Fields[policy][check]; o != nil {
				n.Allow += o.Allow
				n.Deny += o.Deny
				n.Change += o.Change
			}
		}
	}
}

// Undecided is one check of one policy that the run was not seen to decide in any pass.
type Undecided struct {
	Policy string // empty is any policy of the generated clusters
	Check  string
	Passes []string     // in which it should have been decided
	Counts []FieldCount // in these passes
}

// String says so in one line.
func (u *Undecided) String() string {
	var counts []string
	for i := range u.Counts {
		counts = append(counts, u.Passes[i]+" "+u.Counts[i].String())
	}
	policy := "any policy"
	if u.Policy != "" {
		policy = fmt.Sprintf("policy %q", u.Policy)
	}
	return fmt.Sprintf("%s, %s: %s", policy, u.Check, strings.Join(counts, "; "))
}

// Undecided lists the checks of the policies at hand that no pass decided both ways: a bundle that
// got them wrong would not have been noticed. Of generated clusters every check has to be decided by
// some policy.
func (r *Report) Undecided() []Undecided {
	type key struct{ policy, check string }
	open := map[key]*Undecided{}
	decided := map[key]bool{}
	look := func(t *Tally, k key, n *FieldCount) {
		u := open[k]
		if u == nil {
			u = &Undecided{Policy: k.policy, Check: k.check}
			open[k] = u
		}
		u.Passes, u.Counts = append(u.Passes, t.Name), append(u.Counts, *n)
		decided[k] = decided[k] || n.decided()
	}
	policies := map[string]bool{}
	for _, t := range r.Passes {
		if t.Name == PassGenerated {
			policies[""] = true
			for check, n := range t.Checks {
				look(t, key{"", check}, &FieldCount{Allow: n.DecisiveAllow, Deny: n.DecisiveDeny, Change: n.DecisiveMutation})
			}
		}
		for policy, checks := range t.Fields {
			policies[policy] = true
			for check, n := range checks {
				look(t, key{policy, check}, n)
			}
		}
	}
	var all []Undecided
	for _, policy := range slices.Sorted(maps.Keys(policies)) {
		for _, check := range cases.Checks() {
			if k := (key{policy, check}); open[k] != nil && !decided[k] {
				all = append(all, *open[k])
			}
		}
	}
	return all
}

// shownUndecided bounds how many lines a text report spends on what is undecided.
const shownUndecided = 20

func (p *printer) undecided(r *Report) {
	all := r.Undecided()
	switch {
	case len(all) == 0:
		return
	case r.partial():
		p.f("\n%d checks are not decided in this shard; verify merge tells what all shards leave undecided\n", len(all))
		return
	}
	p.f("\n%d checks were not seen to decide both ways, so nothing is proven about them; more cases may help\n", len(all))
	for i := range all[:min(len(all), shownUndecided)] {
		p.f("  %s\n", all[i].String())
	}
	if more := len(all) - shownUndecided; more > 0 {
		p.f("  and %d more\n", more)
	}
}

// share tells the shard, if the report is on one of several.
func (r *Report) share() string {
	if !r.partial() {
		return ""
	}
	return ", shard " + r.Plan.Shard.String()
}

// asked tells how many cases the run was to judge, when it did not judge them all.
func (r *Report) asked() string {
	if r.Stopped == "" || r.partial() || r.Plan.Cases == 0 {
		return ""
	}
	return fmt.Sprintf(" of %d", r.Plan.Cases)
}
