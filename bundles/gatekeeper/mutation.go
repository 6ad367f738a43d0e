// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"fmt"
	"slices"
	"strings"

	"psp2rego/translate"
)

// Expression says how far Gatekeeper's mutators can write what a policy writes to pods.
type Expression string

const (
	// Exact: a mutator leaves the pod that the admission plugin leaves.
	Exact Expression = "exact"
	// Effective: a mutator could have containers run in the same way, and leaves another pod.
	Effective Expression = "effective"
	// NotExpressible: no mutator does the same.
	NotExpressible Expression = "not expressible"
)

// Default is one thing that a policy writes to pods that leave it open.
type Default struct {
	// Field is its path in the pod, and Value what is written, as JSON or, if that depends on the pod, in words.
	Field, Value string
	Expression   Expression
	// Why is the reason for Expression, with the upstream function where that is a difference.
	Why string

	assigns []assignment
}

// Mutation is what a policy fills in, and in which namespaces Gatekeeper's mutators do that for it. They do it where they leave
// every pod as the admission plugin leaves it, and nowhere else.
type Mutation struct {
	Policy string
	// Defaults are in the order in which the plugin writes them; empty for a policy that leaves pods alone.
	Defaults []Default
	Scope    Scope
	// Why says why Scope is not every namespace; empty if it is.
	Why string
	// Unfilled are, of a policy that has mutators, the namespaces outside Scope in which somebody may use it, sorted: others may be used there, too.
	Unfilled []string
	// Unused says that nobody may use the policy, so that it does not matter what fills in its defaults.
	Unused bool
}

// Emitted says whether there are mutators for the policy.
func (m *Mutation) Emitted() bool { return m.Scope.Everywhere || len(m.Scope.Only) > 0 }

// Exact says whether mutators can write everything that the policy writes, wherever it alone governs.
func (m *Mutation) Exact() bool {
	return !slices.ContainsFunc(m.Defaults, func(d Default) bool { return d.Expression != Exact })
}

// Situation is what the mutators that can be written depend on besides the cluster.
type Situation struct {
	// ServerVersion is as in translate.Options.
	ServerVersion int
	// LiveGrants says that grants change without a new translation. Every policy may then be granted to anybody.
	LiveGrants bool
	// OldGatekeeper says that the objects are for a Gatekeeper before 3.19. Mutators can be told to leave updates alone from 3.23 on.
	OldGatekeeper bool
}

// Mutations judges the policies of a cluster that can be used, by name.
func Mutations(cluster *translate.Cluster, s Situation) []Mutation {
	granted := grantedIn(cluster, s.LiveGrants)
	var all []Mutation
	for i := range cluster.Policies {
		p := &cluster.Policies[i]
		if p.Unusable != "" {
			continue
		}
		reach := granted.reach(p.Name)
		m := Mutation{Policy: p.Name, Defaults: defaults(&p.PodSecurityPolicy, s.ServerVersion), Unused: reach.unused}
		switch {
		case len(m.Defaults) == 0:
			m.Why = "it fills nothing in"
		case !m.Exact():
			m.Why = "mutators cannot write exactly " + inexact(m.Defaults)
		case s.OldGatekeeper:
			m.Why = "it is for Gatekeeper before 3.19 (--rego-v0), and mutators can be told to leave updates alone from 3.23 on"
		default:
			m.Scope, m.Why, m.Unfilled = reach.scope, reach.why, reach.unfilled
		}
		all = append(all, m)
	}
	return all
}

func inexact(all []Default) string {
	var fields []string
	for _, d := range all {
		if d.Expression != Exact && !slices.Contains(fields, d.Field) {
			fields = append(fields, d.Field)
		}
	}
	return strings.Join(fields, ", ")
}

// some lists a few of many.
func some(all []string) string {
	const shown = 3
	if len(all) <= shown {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:shown], ", "), len(all)-shown)
}
