// SPDX-License-Identifier: Apache-2.0

package cases

// aggregated is the name of a ClusterRole without rules of its own that collects others by label;
// perhaps through one more such role (section C10).
func (b *rbacBuilder) aggregated(rules []any) string {
	label := b.name("aggregate")
	b.labelled(b.name("part"), label, Object{"rules": rules})
	if b.chance(0.3) { // the same rules once more, and what the role collects beside them
		b.labelled(b.name("part"), label, Object{"rules": append([]any{b.uselessRule("stale")}, rules...)})
	}
	name := b.name("aggregated")
	role := b.add("ClusterRole", "", name, Object{
		"aggregationRule": b.selectors(label), "rules": pick[any](b.gen, nil, []any{}, []any{}, []any{b.uselessRule("stale")}),
	})
	if b.chance(0.2) { // a role never collects its own rules
		b.label(role, label)
	}
	if b.chance(0.3) {
		outer := b.name("chained")
		b.label(role, outer)
		chained := b.add("ClusterRole", "", outer, Object{"aggregationRule": b.selectors(outer), "rules": nil})
		if b.chance(0.3) { // each collects the other
			b.label(chained, label)
		}
		return outer
	}
	return name
}

func (b *rbacBuilder) labelled(name, label string, fields Object) {
	b.label(b.add("ClusterRole", "", name, fields), label)
}

func (b *rbacBuilder) label(role Object, label string) {
	member(role["metadata"].(Object), "labels")[label] = "true"
}

// selectors find the roles with the label, in one of the ways that selectors have.
func (b *rbacBuilder) selectors(label string) Object {
	expression := func(operator string, values ...any) Object {
		e := Object{"key": label, "operator": operator}
		if len(values) > 0 {
			e["values"] = values
		}
		return Object{"matchExpressions": []any{e}}
	}
	list := func(selectors ...any) Object { return Object{"clusterRoleSelectors": selectors} }
	return pick(b.gen,
		list(Object{"matchLabels": Object{label: "true"}}),
		list(Object{"matchLabels": Object{label: "true"}}),
		list(Object{"matchLabels": Object{"nothing": "here"}}, expression("In", "true", "yes")),
		list(expression("Exists")),
		list(expression("NotIn", "false", "True"), expression("DoesNotExist")), // all roles, in two steps
		list(Object{}), // an empty selector finds every role
		list(Object{"matchLabels": Object{label: "true"}, "matchExpressions": []any{
			Object{"key": "nothing", "operator": "DoesNotExist"},
		}}),
	)
}
