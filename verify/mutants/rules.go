// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// ruleAt makes the faults of one rule, else branches included.
func (m *mutator) ruleAt(i int) {
	rule, rules := m.module.Rules[i], m.module.Rules
	m.rule, m.name = rule, rule.Head.Ref().String()
	text, err := m.print(rule)
	if err != nil {
		m.err = err
		return
	}
	m.make(fault{
		operator: DropRule, at: rule.Location, before: text,
		do:   func() { m.module.Rules = slices.Delete(slices.Clone(rules), i, i+1) },
		undo: func() { m.module.Rules = rules },
	})
	m.dropFirstBranch(rule)
	for branch := rule; branch != nil; branch = branch.Else {
		m.dropElse(branch)
		m.head(branch)
		m.body(branch, &branch.Body)
	}
}

// dropElse leaves out the branch that follows this one.
func (m *mutator) dropElse(branch *ast.Rule) {
	next := branch.Else
	if next == nil {
		return
	}
	text, err := m.print(next)
	if err != nil {
		m.err = err
		return
	}
	m.make(fault{
		operator: DropBranch, at: next.Location, before: text,
		do:   func() { branch.Else = next.Else },
		undo: func() { branch.Else = next },
	})
}

// dropFirstBranch makes a rule begin with its first else branch.
func (m *mutator) dropFirstBranch(rule *ast.Rule) {
	next := rule.Else
	if next == nil {
		return
	}
	value, body := rule.Head.Value, rule.Body
	text, err := m.print(body)
	if err != nil {
		m.err = err
		return
	}
	m.make(fault{
		operator: DropBranch, at: rule.Location, before: "first branch: if " + text,
		do:   func() { rule.Head.Value, rule.Body, rule.Else = next.Head.Value, next.Body, next.Else },
		undo: func() { rule.Head.Value, rule.Body, rule.Else = value, body, next },
	})
}

// head makes faults in what a rule is the answer to, and in its answer.
func (m *mutator) head(rule *ast.Rule) {
	for _, arg := range rule.Head.Args {
		m.within(arg, func() { m.term(arg) })
	}
	for _, part := range rule.Head.Ref()[1:] {
		m.within(part, func() { m.refPart(part) })
	}
	if key := rule.Head.Key; key != nil {
		m.within(key, func() { m.term(key) })
	}
	value := rule.Head.Value
	if value == nil {
		return
	}
	if value.Value.Compare(ast.Boolean(true)) != 0 {
		m.within(value, func() { m.term(value) })
		return
	}
	m.make(fault{ // the value of a rule that names none
		operator: FlipBoolean, at: rule.Location, before: m.name, after: m.name + " := false",
		do:   func() { rule.Head.Value = ast.BooleanTerm(false) },
		undo: func() { rule.Head.Value = value },
	})
}

// generated says whether a body is that of a rule which has none: the parser gives it the place of
// the rule or of its value.
func generated(rule *ast.Rule, body ast.Body) bool {
	if rule == nil || len(body) != 1 || !body[0].Equal(ast.NewExpr(ast.BooleanTerm(true))) {
		return len(body) == 0
	}
	at := body[0].Location
	return string(at.Text) != "true" || rule.Head.Value != nil && rule.Head.Value.Location != nil && at.Offset == rule.Head.Value.Location.Offset
}

// body makes faults in a list of expressions; rule is nil if it is not that of a rule.
func (m *mutator) body(rule *ast.Rule, body *ast.Body) {
	if generated(rule, *body) {
		return
	}
	for i, expr := range *body {
		m.within(expr, func() {
			m.dropExpression(body, i)
			m.negate(expr)
			m.someEvery(body, i)
			m.expression(expr)
		})
	}
}

// change is a fault that puts another list of expressions in the place of this one.
func (m *mutator) change(operator string, body *ast.Body, at *ast.Location, before string, after ast.Body) {
	old, text := *body, ""
	if len(after) > 0 && operator != DropExpression {
		var err error
		if text, err = m.print(after); err != nil {
			m.err = err
			return
		}
	}
	m.make(fault{
		operator: operator, at: at, before: before, after: text,
		do: func() { *body = after }, undo: func() { *body = old },
	})
}

func (m *mutator) dropExpression(body *ast.Body, i int) {
	text, err := m.print((*body)[i])
	if err != nil {
		m.err = err
		return
	}
	rest := slices.Delete(slices.Clone(*body), i, i+1)
	if len(rest) == 0 {
		rest = ast.NewBody(ast.NewExpr(ast.BooleanTerm(true)))
	}
	m.change(DropExpression, body, (*body)[i].Location, text, rest)
}

func (m *mutator) negate(expr *ast.Expr) {
	if expr.IsSome() || expr.IsEvery() || expr.IsAssignment() {
		return // Rego cannot say the opposite
	}
	m.make(fault{
		operator: Negate, at: expr.Location,
		do:   func() { expr.Negated = !expr.Negated },
		undo: func() { expr.Negated = !expr.Negated },
	})
}

// someEvery makes one of all, and all of one.
func (m *mutator) someEvery(body *ast.Body, i int) {
	expr, before, rest := (*body)[i], (*body)[:i], (*body)[i+1:]
	text, err := m.print(ast.Body(slices.Concat(ast.Body{expr}, rest)))
	if err != nil {
		m.err = err
		return
	}
	switch t := expr.Terms.(type) {
	case *ast.Every:
		operator, operands := ast.Member, []*ast.Term{t.Value, t.Domain}
		if t.Key != nil {
			operator, operands = ast.MemberWithKey, []*ast.Term{t.Key, t.Value, t.Domain}
		}
		some := ast.NewExpr(&ast.SomeDecl{Symbols: []*ast.Term{operator.Call(operands...)}})
		m.change(SomeEvery, body, expr.Location, text, slices.Concat(before, ast.Body{some}, t.Body, rest))
	case *ast.SomeDecl:
		call, ok := t.Symbols[0].Value.(ast.Call)
		if !ok || len(t.Symbols) != 1 || len(rest) == 0 {
			return
		}
		every := &ast.Every{Value: call[1], Domain: call[2], Body: rest}
		if len(call) == 4 {
			every.Key, every.Value, every.Domain = call[1], call[2], call[3]
		}
		if _, one := every.Value.Value.(ast.Var); !one {
			return // every takes no patterns
		}
		m.change(SomeEvery, body, expr.Location, text, append(slices.Clone(before), ast.NewExpr(every)))
	}
}
