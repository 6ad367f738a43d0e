// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// expression makes faults inside an expression.
func (m *mutator) expression(expr *ast.Expr) {
	switch t := expr.Terms.(type) {
	case *ast.Term:
		m.term(t)
	case []*ast.Term:
		m.call(t)
	case *ast.SomeDecl:
		for _, symbol := range t.Symbols {
			m.term(symbol)
		}
	case *ast.Every:
		m.within(t.Domain, func() { m.term(t.Domain) })
		m.body(nil, &t.Body)
	}
	for _, with := range expr.With {
		m.term(with.Value)
	}
}

// term makes faults of a value and of what is inside it. Terms that the parser shares have no place.
func (m *mutator) term(t *ast.Term) {
	if t.Location == nil {
		return
	}
	switch v := t.Value.(type) {
	case ast.Number:
		m.number(t, v)
	case ast.String:
		m.text(t, v)
	case ast.Boolean:
		m.replace(FlipBoolean, t, ast.Boolean(!v))
	case ast.Call:
		if setOperators[v[0].Value.String()] {
			m.replace(Empty, t, ast.NewSet())
		}
		m.call(v)
	case ast.Ref:
		m.ref(v)
	case *ast.Array, ast.Set, ast.Object:
		m.collection(t)
	case *ast.ArrayComprehension:
		m.replace(Empty, t, ast.NewArray())
		m.comprehension(&v.Body, v.Term)
	case *ast.SetComprehension:
		m.replace(Empty, t, ast.NewSet())
		m.comprehension(&v.Body, v.Term)
	case *ast.ObjectComprehension:
		m.replace(Empty, t, ast.NewObject())
		m.comprehension(&v.Body, v.Key, v.Value)
	case *ast.TemplateString:
		for _, part := range v.Parts {
			m.templatePart(part)
		}
	}
}

func (m *mutator) comprehension(body *ast.Body, heads ...*ast.Term) {
	for _, head := range heads {
		m.within(head, func() { m.term(head) })
	}
	m.body(nil, body)
}

func (m *mutator) templatePart(part ast.Node) {
	switch p := part.(type) {
	case *ast.Term:
		m.term(p)
	case *ast.Expr:
		m.expression(p)
	}
}

// replace is a fault that puts another value in the place of a term's.
func (m *mutator) replace(operator string, t *ast.Term, value ast.Value) {
	old, at := t.Value, t.Location
	m.within(t, func() {
		m.make(fault{
			operator: operator, at: at,
			do:   func() { t.Value = value },
			undo: func() { t.Value = old },
		})
	})
}

// collection makes faults in a literal array, set or object.
func (m *mutator) collection(t *ast.Term) {
	var keys, items []*ast.Term
	switch v := t.Value.(type) {
	case *ast.Array:
		v.Foreach(func(item *ast.Term) { items = append(items, item) })
		for i := range items {
			m.leaveOut(SkipElement, t, ast.NewArray(without(items, i)...), items[i])
		}
	case ast.Set:
		v.Foreach(func(item *ast.Term) { items = append(items, item) })
		for i := range items {
			m.leaveOut(SkipElement, t, ast.NewSet(without(items, i)...), items[i])
		}
		m.replace(Empty, t, ast.NewSet())
	case ast.Object:
		v.Foreach(func(key, item *ast.Term) { keys, items = append(keys, key), append(items, item) })
		for i := range keys {
			m.dropKey(t, keys, items, i)
		}
	}
	m.within(t, func() {
		for _, part := range slices.Concat(keys, items) {
			m.within(part, func() { m.term(part) })
		}
	})
}

func without(items []*ast.Term, i int) []*ast.Term {
	return slices.Delete(slices.Clone(items), i, i+1)
}

func (m *mutator) dropKey(t *ast.Term, keys, items []*ast.Term, i int) {
	rest := ast.NewObject()
	for k, key := range keys {
		if k != i {
			rest.Insert(key, items[k])
		}
	}
	m.leaveOut(DropKey, t, rest, keys[i], items[i])
}

// leaveOut is a fault that takes something out of a literal. Out of a long one, it is shown alone.
func (m *mutator) leaveOut(operator string, t *ast.Term, rest ast.Value, out ...*ast.Term) {
	whole, err := m.print(t)
	if err == nil && len(whole) <= longest {
		m.replace(operator, t, rest)
		return
	}
	parts := make([]string, len(out))
	for i, part := range out {
		if err == nil {
			parts[i], err = m.print(part)
		}
	}
	if err != nil {
		m.err = err
		return
	}
	old := t.Value
	m.make(fault{
		operator: operator, at: m.place(out[0]), before: strings.Join(parts, ": "),
		do: func() { t.Value = rest }, undo: func() { t.Value = old },
	})
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (m *mutator) ref(ref ast.Ref) {
	if _, name := ref[0].Value.(ast.Var); !name {
		m.term(ref[0])
	}
	for _, part := range ref[1:] {
		m.refPart(part)
	}
}

// refPart makes faults of one step of a reference. Names of fields and rules stay as they are, but
// for those of the lists of containers.
func (m *mutator) refPart(part *ast.Term) {
	name, ok := part.Value.(ast.String)
	switch {
	case !ok:
		m.term(part)
	case part.Location == nil:
	case !identifier.MatchString(string(name)):
		m.text(part, name)
	default:
		m.swapList(part, name)
	}
}
