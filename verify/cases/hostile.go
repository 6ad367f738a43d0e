// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"fmt"
	"math"
	"strings"
)

// hostileCase is a pod that is odd in several ways, and perhaps at the edges of several checks at
// once, which shows the order of errors and of policies.
func (g *gen) hostileCase() Case {
	p, a := g.target()
	made := g.compliant(p, "")
	a.dress(made)
	edges := some(g, 0, 3, g.cluster.checks...)
	if g.chance(0.5) { // many errors at once, in one container, show the order of the checks
		edges = some(g, 2, 8, g.demanding(p)...)
		g.chosen = 1 + g.IntN(len(made.containers()))
	}
	for _, c := range edges {
		c.edge(g, p, made)
	}
	g.chosen = 0
	for _, change := range some(g, 1, 3, g.oddities()...) {
		change(made)
	}
	request := g.create(a, made)
	if g.chance(0.15) {
		off := false
		request.ServiceAccountPlugin = &off
	}
	if g.chance(0.1) { // a name in the request alone, or in neither
		request.Name = pick(g, "", "p", "other")
	}
	return Case{Kind: Hostile, Request: request}
}

// oddities are what a pod may look like although few do.
func (g *gen) oddities() []func(pod) {
	all := append(g.oddMetadata(), g.oddContainers()...)
	return append(all,
		func(p pod) { g.addFields(p, 2, 8) },
		func(p pod) { g.addFields(p, 2, 8) },
		func(p pod) { p.spec()["securityContext"] = pick[any](g, nil, Object{}) },
		func(p pod) { p.spec()["serviceAccount"] = pick(g, "builder", "robot", "") },
		func(p pod) {
			p.spec()["serviceAccount"], p.spec()["serviceAccountName"] = "robot", pick(g, "builder", "")
		},
		func(p pod) { p.spec()["automountServiceAccountToken"] = g.chance(0.5) },
		func(p pod) {
			p.spec()["os"] = Object{"name": pick(g, "windows", "linux")}
			p.securityContext()["windowsOptions"] = Object{"hostProcess": true, "runAsUserName": "NT AUTHORITY\\SYSTEM"}
		},
		func(p pod) { p.spec()["hostUsers"] = false }, // no field of 1.24
		func(p pod) { p.spec()["terminationGracePeriodSeconds"] = pick[int64](g, 0, math.MaxInt64, -1) },
		func(p pod) { p.spec()["activeDeadlineSeconds"] = int64(9007199254740993) },
		func(p pod) {
			p.spec()["hostNetwork"] = true
			for _, c := range p.containers() {
				add(c.Object, "ports", Object{"containerPort": pick(g, 80, 8080, 443)})
			}
		},
		func(p pod) {
			for i := range 30 {
				add(p.spec(), "volumes", Object{"name": fmt.Sprintf("many-%d", i), "emptyDir": Object{}})
			}
		},
		func(p pod) {
			volume := Object{"name": "two"} // the plugin takes the first source in an order of its own
			for _, kind := range some(g, 2, 3, volumeTypes()...) {
				volume[field(kind)] = volumeSource(kind)
			}
			add(p.spec(), "volumes", volume)
		},
		func(p pod) { add(p.spec(), "volumes", Object{"name": "new", "image": Object{"reference": "x"}}) }, // no source of 1.24
		func(p pod) { delete(p.Object, "apiVersion"); delete(p.Object, "kind") },
		func(p pod) {
			p.Object["status"] = Object{"phase": "Running", "conditions": []any{Object{"type": "Ready"}}}
		},
	)
}

func (g *gen) oddMetadata() []func(pod) {
	return []func(pod){
		func(p pod) {
			p.annotations()[mirrorAnnotation] = pick(g, "x", "")
			if g.chance(0.8) { // the API takes no mirror pod that names an account
				delete(p.spec(), "serviceAccountName")
			}
		},
		func(p pod) { delete(p.meta(), "name"); p.meta()["generateName"] = "p-" },
		func(p pod) { p.meta()["generateName"] = "q-" },
		func(p pod) { delete(p.meta(), "name") },
		func(p pod) {
			p.meta()["name"] = pick(g, "quote\"d", "p is forbidden: ", "new\nline", strings.Repeat("n", 253), "ünï")
		},
		func(p pod) { p.meta()["namespace"] = "" },
		func(p pod) { p.meta()["annotations"] = pick[any](g, nil, Object{}) },
		func(p pod) { p.annotations()["a/b~c~1\"'\\"] = "~0/\n\t\u2028\x00" },
		func(p pod) { g.hint(p) },
		func(p pod) { p.annotations()[seccompPod] = "" },
		func(p pod) { p.annotations()[seccompContainer+"nobody"] = "unconfined" },
		func(p pod) { p.meta()["labels"] = Object{"": "", "ü": "\"", "x": strings.Repeat("l", 100)} },
		func(p pod) { p.meta()["ownerReferences"] = []any{g.owner()} },
		func(p pod) { p.meta()["deletionTimestamp"] = "2024-01-02T00:00:00Z" },
		func(p pod) { p.meta()["finalizers"] = []any{"example.com/hold"} },
	}
}

func (g *gen) oddContainers() []func(pod) {
	list := pick(g, containerLists()...)
	return []func(pod){
		func(p pod) { g.anyOrNew(p).Object["securityContext"] = pick[any](g, nil, Object{}) },
		func(p pod) { g.anyOrNew(p).securityContext()["capabilities"] = Object{} },
		func(p pod) { g.anyOrNew(p).securityContext()["seLinuxOptions"] = Object{} },
		func(p pod) { g.anyOrNew(p).securityContext()["windowsOptions"] = Object{"hostProcess": true} },
		func(p pod) {
			for i := range 12 {
				p.addContainer(list, fmt.Sprintf("many-%d", i))
			}
		},
		func(p pod) { p.addContainer(list, g.anyOrNew(p).name()) }, // the same name twice
		func(p pod) { p.addContainer(list, pick(g, "", "a/b~c", "quote\"d", "Upper", "ü", "new\nline")) },
		func(p pod) { p.addContainer("ephemeralContainers", "debug").Object["targetContainerName"] = "c0" },
		func(p pod) { p.spec()["initContainers"] = pick[any](g, nil, []any{}) },
		func(p pod) { p.spec()["ephemeralContainers"] = pick[any](g, nil, []any{}) },
		func(p pod) {
			g.anyOrNew(p).Object["env"] = []any{Object{"name": "X", "value": strings.Repeat("x", 3000)}}
		},
		func(p pod) { delete(g.anyOrNew(p).Object, "name") },
		func(p pod) {
			g.anyOrNew(p).Object["volumeMounts"] = []any{Object{"name": "missing", "mountPath": "/m"}}
		},
		func(p pod) { p.spec()["containers"] = pick[any](g, nil, []any{}) },
	}
}

// anyOrNew is some container of a pod that may have lost all of them.
func (g *gen) anyOrNew(p pod) container {
	if len(p.containers()) == 0 {
		return p.addContainer("containers", "c0")
	}
	return g.anyContainer(p)
}
