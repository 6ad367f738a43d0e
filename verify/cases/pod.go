// SPDX-License-Identifier: Apache-2.0

package cases

import "fmt"

// Object is a JSON object.
type Object = map[string]any

// pod is a Pod as a JSON object: odd shapes (null, empty, unknown) can be told apart, which a typed
// Pod would not let us.
type pod struct{ Object }

// container is one container of a pod.
type container struct {
	Object
	list string // the field of the pod's spec that holds it
}

func containerLists() []string {
	return []string{"initContainers", "containers", "ephemeralContainers"}
}

// member returns the object at key, making it if need be.
func member(o Object, key string) Object {
	if m, ok := o[key].(Object); ok {
		return m
	}
	m := Object{}
	o[key] = m
	return m
}

func (p pod) meta() Object            { return member(p.Object, "metadata") }
func (p pod) spec() Object            { return member(p.Object, "spec") }
func (p pod) securityContext() Object { return member(p.spec(), "securityContext") }
func (p pod) annotations() Object     { return member(p.meta(), "annotations") }

func (c container) securityContext() Object { return member(c.Object, "securityContext") }
func (c container) name() string            { s, _ := c.Object["name"].(string); return s }

// containers are all containers, in the order init, regular, ephemeral.
func (p pod) containers() []container {
	var all []container
	for _, list := range containerLists() {
		items, _ := p.spec()[list].([]any)
		for _, item := range items {
			all = append(all, container{item.(Object), list})
		}
	}
	return all
}

// addContainer appends a container to one of the lists.
func (p pod) addContainer(list, name string) container {
	c := Object{"name": name, "image": "registry.example/app:1"}
	items, _ := p.spec()[list].([]any)
	p.spec()[list] = append(items, c)
	return container{c, list}
}

// add appends to a list below an object.
func add(o Object, key string, items ...any) {
	list, _ := o[key].([]any)
	o[key] = append(list, items...)
}

// anyContainer picks one of the pod's containers; always the same one while one is chosen.
func (g *gen) anyContainer(p pod) container {
	all := p.containers()
	if g.chosen > 0 {
		return all[(g.chosen-1)%len(all)]
	}
	return pick(g, all...)
}

// newPod is a minimal pod with a few containers of all kinds.
func (g *gen) newPod() pod {
	p := pod{Object{"apiVersion": "v1", "kind": "Pod"}}
	p.meta()["name"] = "p"
	for _, list := range containerLists() {
		n := 0
		if list == "containers" {
			n = 1
		}
		for range 2 {
			if g.chance(g.settings.ManyContainers * map[string]float64{
				"initContainers": 1, "containers": 1, "ephemeralContainers": 0.2,
			}[list]) {
				n++
			}
		}
		for i := range n {
			p.addContainer(list, fmt.Sprintf("%c%d", list[0], i))
		}
	}
	return p
}
