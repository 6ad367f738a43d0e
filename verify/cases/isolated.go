// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"encoding/json"
	"fmt"
	"strings"

	"psp2rego/verify/protocol"
)

// Isolated is a cluster that was made to try one property and nothing else, with the requests to put to it. Like all
// cases it is a function of settings, seed and index.
type Isolated struct {
	*Cluster
	Probes []Probe
}

// Probe is one request of an Isolated.
type Probe struct {
	// Aspect is the part of the property that the request is about: a check, a default, a rule.
	Aspect  string
	Request *protocol.Request
}

// Streams of random numbers, far from those of Generate and Group.
const (
	streamChecks uint64 = 1<<40 + iota
	streamDefaults
	streamChoice
	streamAccess
	streamUpdates
	streamSheet
)

// newIsolated starts an Isolated of the given policies and of what the builder has for roles and bindings.
func (g *gen) newIsolated(dialect string, index int, policies []*Policy, rbac []Object) *Isolated {
	var objects []json.RawMessage
	for _, p := range policies {
		objects = append(objects, raw(p))
	}
	for _, o := range rbac {
		objects = append(objects, raw(o))
	}
	g.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	c, err := NewCluster(dialect, objects)
	if err != nil {
		panic(err) // the objects are this package's own
	}
	c.Index = index
	g.cluster = c
	return &Isolated{Cluster: c}
}

func (i *Isolated) add(aspect string, request *protocol.Request) {
	i.Probes = append(i.Probes, Probe{aspect, request})
}

// byItself is the one who may use the policy and no other, through a Synthetic cluster's grant, with a pod that has no
// service account.
func byItself(p *Policy) actor {
	return actor{user: protocol.UserInfo{Username: SyntheticPrefix + p.Name()}, namespace: "psp2rego", accountless: true}
}

const (
	variantsPerCheck = 3
	podsPerVariant   = 4
)

// SingleChecks is a cluster with some policies for each of half of the checks, lax in all others; clusters of odd index
// have the other half. Pods of one policy differ in that check only; the aspect is its name.
func SingleChecks(settings Settings, seed uint64, index int) *Isolated {
	g := newGen(settings, seed, uint64(index), streamChecks)
	type aim struct {
		check  check
		policy *Policy
	}
	var aims []aim
	var policies []*Policy
	for i, c := range checks() {
		if i%2 != index%2 {
			continue
		}
		for n := range variantsPerCheck {
			p := lax(fmt.Sprintf("%s-%d", strings.ReplaceAll(c.name, "_", "-"), n))
			for c.narrow(g, p); !c.narrows(p); {
				c.narrow(g, p)
			}
			aims, policies = append(aims, aim{c, p}), append(policies, p)
		}
	}
	made := g.newIsolated(Kubernetes, index, policies, nil)
	made.Cluster = made.Synthetic()
	for _, a := range aims {
		base := g.newPod()
		a.check.comply(g, a.policy, base)
		for n := range podsPerVariant {
			p := base.clone()
			switch {
			case n == 0:
			case g.chance(0.3):
				a.check.comply(g, a.policy, p)
			default:
				a.check.edge(g, a.policy, p)
			}
			made.add(a.check.name, g.create(byItself(a.policy), p))
		}
	}
	return made
}
