// SPDX-License-Identifier: Apache-2.0

package cases

import "psp2rego/verify/protocol"

const updatesPerAspect = 24

// Updates is a cluster with a policy that accepts every pod and one that few stored pods satisfy, each with a user of its
// own, and a third user who may use none: to that one an update is allowed only if nobody looks at it. The aspect is the
// kind of change.
func Updates(settings Settings, seed uint64, index int) *Isolated {
	g := newGen(settings, seed, uint64(index), streamUpdates)
	open, strict := lax("open"), lax("strict")
	strict.Spec.ReadOnlyRootFilesystem = true
	b := &rbacBuilder{gen: g, dialect: Kubernetes}
	for _, p := range []*Policy{open, strict} {
		b.add("ClusterRole", "", p.Name(), Object{"rules": []any{useOf(p.Name())}})
		b.bind("", "ClusterRole", p.Name(), subject("User", "", p.Name()))
	}
	made := g.newIsolated(Kubernetes, index, []*Policy{open, strict}, b.objects)
	for _, kind := range updateKinds() {
		for range updatesPerAspect {
			a := actor{namespace: "default", user: protocol.UserInfo{Username: pick(g, "nobody", "nobody", "open", "strict")}}
			old := g.newPod()
			g.store(a, old, open)
			changed := old.clone()
			kind.change(g, changed)
			made.add(kind.name, g.update(a, changed, old))
		}
	}
	return made
}

type updateKind struct {
	name   string
	change func(g *gen, changed pod)
}

func updateKinds() []updateKind {
	return []updateKind{
		{"fields that are left out of the comparison", func(g *gen, changed pod) {
			for _, change := range some(g, 0, 4, g.overlooked()...) {
				change(changed)
			}
			if g.chance(0.4) {
				pick(g, g.changes()...)(changed)
			}
		}},
		{"quantities", func(g *gen, changed pod) {
			g.respell(changed.Object)
			if g.chance(0.4) {
				pick(g, g.quantityChanges()...)(changed)
			}
		}},
		{"empty and absent", func(g *gen, changed pod) { pick(g, g.emptinessChanges()...)(changed) }},
		{"anything else", func(g *gen, changed pod) {
			for _, change := range some(g, 1, 2, g.changes()...) {
				change(changed)
			}
		}},
	}
}

// overlooked are changes of what the comparison leaves out or the API server resets (section A3).
func (g *gen) overlooked() []func(pod) {
	return []func(pod){
		func(p pod) { p.meta()["finalizers"] = pick(g, []any{"example.com/other"}, []any{}) },
		func(p pod) { p.meta()["ownerReferences"] = []any{g.owner()} },
		func(p pod) { p.meta()["selfLink"] = "/api/v1/pods/p" },
		func(p pod) { p.meta()["managedFields"] = []any{Object{"manager": "kubectl", "operation": "Update"}} },
		func(p pod) { p.Object["status"] = Object{"phase": "Failed"} },
		func(p pod) { delete(p.meta(), pick(g, "uid", "resourceVersion", "creationTimestamp")) },
	}
}
