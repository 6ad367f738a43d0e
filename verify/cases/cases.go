// SPDX-License-Identifier: Apache-2.0

// Package cases generates what the differential tester asks: clusters (PodSecurityPolicies, roles,
// bindings) and requests. Everything is a function of the settings, the seed and an index, so that
// a case can be made again without those before it, on any number of cores.
package cases

import (
	"encoding/json"
	"math/rand/v2"

	"psp2rego/verify/protocol"
)

// Kind says what a case is about.
type Kind string

const (
	// Focus is a pod of which one check is varied while the rest stays the same.
	Focus Kind = "focus"
	// Hostile is a pod, or a request, that is odd but legal.
	Hostile Kind = "hostile"
	// Update is a change of a stored pod.
	Update Kind = "update"
	// Other is a request that PodSecurityPolicy leaves alone: another resource, a subresource,
	// another operation.
	Other Kind = "other"
)

// Case is one request to one cluster.
type Case struct {
	// Index is the place of the case in its cluster.
	Index int
	Kind  Kind
	// Check is the check that a Focus case varies, else empty.
	Check string
	// Paired is set on a case that differs from the one before it (Index - 1) in Check only.
	Paired  bool
	Request *protocol.Request
}

// GroupSize is the number of cases that one call of Group makes.
const GroupSize = 2

// Group makes the cases of one group: indexes GroupSize*group and up. The cases of a Focus group
// are a pair: the second differs from the first in one check only. A given cluster's groups begin
// with pairs that bring about its Decisions.
func (c *Cluster) Group(settings Settings, seed uint64, group int) []Case {
	if c.only {
		seed = mix(seed) // else its pods would be those of the cluster it was made of
	}
	g := newGen(settings, seed, uint64(c.Index), uint64(group)+1)
	g.cluster = c
	made := g.decisiveGroup(group)
	if made == nil {
		made = g.group()
	}
	for i := range made {
		made[i].Index = group*GroupSize + i
	}
	return made
}

// gen makes one group of cases, or one cluster.
type gen struct {
	*rand.Rand
	settings Settings
	cluster  *Cluster
	// explicit asks Comply to leave nothing that the policy would fill in.
	explicit bool
	// chosen is the container that everything happens to, counted from one; zero is none.
	chosen int
}

func newGen(settings Settings, seed, cluster, stream uint64) *gen {
	// Two rounds of splitmix64 keep neighbouring indexes from giving related streams.
	return &gen{Rand: rand.New(rand.NewPCG(mix(seed), mix(mix(cluster)+stream))), settings: settings}
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// chance is true in p of 1 cases.
func (g *gen) chance(p float64) bool { return g.Float64() < p }

// pick returns one of the values; the zero value when there is none.
func pick[T any](g *gen, values ...T) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	return values[g.IntN(len(values))]
}

// some returns between low and high values, in a random order, without drawing a place twice.
func some[T any](g *gen, low, high int, values ...T) []T {
	n := min(low+g.IntN(high-low+1), len(values))
	chosen := make([]T, 0, n)
	for _, i := range g.Perm(len(values))[:n] {
		chosen = append(chosen, values[i])
	}
	return chosen
}

func raw(value any) json.RawMessage {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // only maps, slices and scalars that this package made
	}
	return data
}
