// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"fmt"
	"maps"
	"slices"
)

// Quantities are compared by value when a plugin looks at whether an update changes anything
// (section A7), but travel as text: one value has a form for each of the three notations.

// quantity is a form of one of few values: of most of them there are two forms that stay different
// after the API server has normalised them.
func (g *gen) quantity() string {
	if g.chance(0.3) {
		return fmt.Sprintf("%d%s", 1+g.IntN(2), pick(g, "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti",
			"Pi", "Ei", "e-9", "e-6", "e-3", "e0", "e3", "e6", "e9", "e12", "e15", "e18"))
	}
	return pick(g,
		"1", "1000m", "1e0", "1000000u", "1000000000n", "0.001k",
		"128Mi", "131072Ki", "134217728", "134217728e0", "0.125Gi", "134217728000m",
		"1k", "1e3", "1000", "1Ki", "1024", "0", "0Mi", "0e0", "2", "1001m", "1n", "-1", "1Ei", "1E", "1e18", "100M", "100e6",
	)
}

// setQuantities gives the pod quantities at every place that a pod has for them.
func (g *gen) setQuantities(p pod) {
	for _, set := range g.quantityPlaces() {
		if g.chance(0.3) {
			set(p, g.quantity())
		}
	}
}

// quantityChanges set one quantity to another form, mostly of a value that is already there.
func (g *gen) quantityChanges() []func(pod) {
	var changes []func(pod)
	for _, set := range some(g, 1, 4, g.quantityPlaces()...) {
		changes = append(changes, func(p pod) { set(p, g.quantity()) })
	}
	return append(changes, func(p pod) { g.respell(p.Object) })
}

func (g *gen) quantityPlaces() []func(p pod, quantity string) {
	volume := func(p pod, name string, source Object) {
		list, _ := p.spec()["volumes"].([]any)
		for _, item := range list {
			if item.(Object)["name"] == name {
				for key := range source {
					item.(Object)[key] = source[key]
				}
				return
			}
		}
		source["name"] = name
		add(p.spec(), "volumes", source)
	}
	field := func(quantity string) Object {
		return Object{"path": "f", "resourceFieldRef": Object{"containerName": "c0", "resource": "limits.cpu", "divisor": quantity}}
	}
	return []func(pod, string){
		func(p pod, q string) { member(member(p.containers()[0].Object, "resources"), "limits")["cpu"] = q },
		func(p pod, q string) { member(member(p.containers()[0].Object, "resources"), "requests")["memory"] = q },
		func(p pod, q string) { member(p.spec(), "overhead")["cpu"] = q },
		func(p pod, q string) { volume(p, "qa", Object{"emptyDir": Object{"sizeLimit": q}}) },
		func(p pod, q string) { volume(p, "qb", Object{"downwardAPI": Object{"items": []any{field(q)}}}) },
		func(p pod, q string) {
			volume(p, "qc", Object{"projected": Object{"sources": []any{Object{"downwardAPI": Object{"items": []any{field(q)}}}}}})
		},
		func(p pod, q string) {
			volume(p, "qd", Object{"ephemeral": Object{"volumeClaimTemplate": Object{"spec": Object{
				"accessModes": []any{"ReadWriteOnce"}, "resources": Object{"requests": Object{"storage": q}},
			}}}})
		},
		func(p pod, q string) {
			ref := Object{"resource": "limits.cpu", "divisor": q}
			p.containers()[0].Object["env"] = []any{Object{"name": "Q", "valueFrom": Object{"resourceFieldRef": ref}}}
		},
	}
}

// respell writes each quantity below the value in another form, where it knows one.
func (g *gen) respell(value any) {
	switch v := value.(type) {
	case Object:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch text, isText := v[key].(string); {
			case isText && slices.Contains([]string{"cpu", "memory", "storage", "sizeLimit", "divisor"}, key):
				v[key] = pick(g, sameQuantity(text)...)
			case !isText:
				g.respell(v[key])
			}
		}
	case []any:
		for _, item := range v {
			g.respell(item)
		}
	}
}

// respelling gives the pod a quantity, and returns the pod with another form of it: an update that changes nothing.
func (g *gen) respelling(p pod) pod {
	set, forms := pick(g, g.quantityPlaces()...), pick(g, quantityForms()...)
	set(p, pick(g, forms...))
	changed := p.clone()
	set(changed, pick(g, forms...))
	return changed
}

func sameQuantity(text string) []string {
	for _, forms := range quantityForms() {
		if slices.Contains(forms, text) {
			return forms
		}
	}
	return []string{text}
}

// quantityForms are values, each in several forms.
func quantityForms() [][]string {
	return [][]string{
		{"1", "1000m", "1e0", "1000000u"}, {"128Mi", "134217728", "134217728e0"}, {"1k", "1e3", "1000"}, {"1Ki", "1024"},
		{"0", "0Mi", "0e0"}, {"1E", "1e18", "1000P"}, {"100M", "100e6", "100000k"}, {"1n", "1e-9"}, {"1u", "1e-6", "1000n"},
		{"1m", "1e-3"}, {"1G", "1e9"}, {"1T", "1e12"}, {"1P", "1e15"}, {"1Gi", "1024Mi", "1073741824"},
		{"1Ti", "1024Gi", "1099511627776"}, {"1Pi", "1024Ti", "1125899906842624"}, {"1Ei", "1024Pi", "1152921504606846976"},
	}
}
