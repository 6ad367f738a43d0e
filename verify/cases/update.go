// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"psp2rego/verify/protocol"
)

const (
	pspAnnotation    = "kubernetes.io/psp"
	mirrorAnnotation = "kubernetes.io/config.mirror"
)

// updateCase is a change of a stored pod: of each kind that section A3 of the semantics tells apart.
// Mostly the pod is one that a policy accepts as it stands.
func (g *gen) updateCase() Case {
	p, a := g.target()
	g.explicit = !g.chance(0.15) // else the stored pod lacks what the policy would fill in
	old := g.compliant(p, "")
	g.explicit = false
	g.store(a, old, p)
	check := ""
	if g.chance(0.25) { // what is stored is not what the policy wants
		c := g.checkOf(p)
		c.edge(g, p, old)
		check = c.name
	}
	var changed pod
	if g.chance(0.08) {
		changed = g.respelling(old)
	} else {
		changed = old.clone()
		for range 1 + g.IntN(2) {
			pick(g, g.changes()...)(changed)
		}
	}
	if g.chance(0.25) {
		c := g.checkOf(p)
		c.edge(g, p, changed)
		check = c.name
	}
	if g.chance(0.1) { // bad before, good now
		old, changed = changed, old
	}
	return Case{Kind: Update, Check: check, Request: g.update(a, changed, old)}
}

// store makes the pod look like one that a cluster has.
func (g *gen) store(a actor, p pod, policy *Policy) {
	m := p.meta()
	m["namespace"], m["uid"], m["resourceVersion"] = a.namespace, "0e3f0a5e-0001", "41"
	m["creationTimestamp"] = "2024-01-01T00:00:00Z"
	p.spec()["serviceAccountName"] = "default"
	a.dress(p)
	if g.chance(0.7) {
		p.annotations()[pspAnnotation] = policy.Name()
	}
	if g.chance(0.3) {
		m["finalizers"] = []any{"example.com/hold"}
	}
	if g.chance(0.15) { // it is being deleted
		m["deletionTimestamp"], m["deletionGracePeriodSeconds"] = "2024-01-02T00:00:00Z", 30
	}
	if g.chance(0.5) {
		p.Object["status"] = Object{"phase": "Running", "podIP": "10.0.0.7"}
	}
	g.setQuantities(p)
	if g.chance(0.3) {
		g.addFields(p, 1, 4)
	}
}

// changes are what clients and controllers do to stored pods.
func (g *gen) changes() []func(pod) {
	changes := append(g.quantityChanges(), g.emptinessChanges()...)
	return append(changes, []func(pod){
		func(pod) {}, // nothing at all
		func(p pod) { p.meta()["finalizers"] = []any{"example.com/other"} },
		func(p pod) { delete(p.meta(), "finalizers") },
		func(p pod) { p.meta()["ownerReferences"] = []any{g.owner()} },
		func(p pod) { p.meta()["selfLink"] = "/api/v1/pods/p" },
		func(p pod) { p.meta()["managedFields"] = []any{Object{"manager": "kubectl", "operation": "Update"}} },
		func(p pod) { member(p.meta(), "labels")["tier"] = pick(g, "web", "", "db") },
		func(p pod) { p.meta()["labels"] = pick[any](g, nil, Object{}) },
		func(p pod) { p.annotations()["example.com/note"] = pick(g, "x", "", "ü\"\n") },
		func(p pod) { p.meta()["annotations"] = pick[any](g, nil, Object{}) },
		func(p pod) { p.containers()[0].Object["image"] = "registry.example/app:2" },
		func(p pod) { p.Object["status"] = Object{"phase": "Failed"} },
		func(p pod) { delete(p.annotations(), seccompPod) }, // while the field stays (trap 11)
		func(p pod) {
			for _, c := range p.containers() {
				delete(p.annotations(), seccompContainer+c.name())
				delete(p.annotations(), appArmorContainer+c.name())
			}
		},
		func(p pod) { g.hint(p) },
		func(p pod) { g.hint(p) },
		func(p pod) {
			for _, key := range some(g, 1, 3, "uid", "resourceVersion", "creationTimestamp") {
				delete(p.meta(), key)
			}
		},
		func(p pod) { p.meta()["deletionTimestamp"] = "2024-01-03T00:00:00Z" },
		func(p pod) { p.spec()["activeDeadlineSeconds"] = 60 },
		func(p pod) { add(p.spec(), "tolerations", Object{"key": "k", "operator": "Exists"}) },
		func(p pod) { g.addFields(p, 1, 1) },
		func(p pod) { merge(p.containers()[0].Object, pick(g, g.containerFields()...)) },
		func(p pod) { p.meta()["ownerReferences"] = pick[any](g, nil, []any{}, []any{g.owner(), g.owner()}) },
		func(p pod) { // the fields that the comparison leaves out, all at once
			m := p.meta()
			m["ownerReferences"], m["finalizers"] = []any{g.owner()}, []any{}
			m["managedFields"], m["selfLink"] = []any{Object{"manager": "kube-controller-manager"}}, "/x"
		},
		func(p pod) { p.spec()["serviceAccount"] = pick(g, "default", "builder", "") },
		func(p pod) { delete(p.spec(), "serviceAccountName"); p.spec()["serviceAccount"] = "robot" },
		func(p pod) { p.annotations()[mirrorAnnotation] = pick(g, "x", "") },
		func(p pod) { p.meta()["creationTimestamp"] = "2024-01-01T02:00:00+02:00" }, // the same moment
		func(p pod) { p.spec()["unknown"] = true },
		func(p pod) { p.spec()["serviceAccountName"] = pick(g, "default", "builder", "robot", "") },
		func(p pod) {
			c := p.addContainer("ephemeralContainers", "debug")
			if g.chance(0.5) {
				c.securityContext()["privileged"] = true
			}
		},
		func(p pod) { p.addContainer("containers", "sidecar") },
		func(p pod) { p.meta()["deletionGracePeriodSeconds"] = 5 },
		func(p pod) { p.meta()["generateName"] = pick(g, "p-", "") },
	}...)
}

// hint sets the annotation by which validation chooses the first policy to try.
func (g *gen) hint(p pod) {
	names := []string{"", "nobody"}
	for _, policy := range g.cluster.Policies {
		names = append(names, policy.Name())
	}
	p.annotations()[pspAnnotation] = pick(g, names...)
	if g.chance(0.2) {
		delete(p.annotations(), pspAnnotation)
	}
}

func (g *gen) owner() Object {
	return Object{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": pick(g, "r1", "r2"), "uid": "1-2-3", "controller": true}
}

// update is the request that replaces a pod.
func (g *gen) update(a actor, changed, old pod) *protocol.Request {
	request := g.create(a, changed)
	request.Operation, request.OldObject = "UPDATE", raw(old.Object)
	return request
}
