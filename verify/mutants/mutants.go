// SPDX-License-Identifier: Apache-2.0

// Package mutants measures the differential tester: it makes faulty versions of Rego modules, one
// fault each, and counts how many of them the tester tells from the module as it is.
package mutants

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// Mutant is a module with one fault.
type Mutant struct {
	// ID names the fault by file, rule, operator and a digest of what is changed into what; a number
	// follows when a rule has the same more than once. Edits elsewhere leave it as it is.
	ID string
	// File is the module's path in its bundle, Line the place of the fault in it.
	File string
	Line int
	// Rule is the rule's name, Operator one of Operators.
	Rule, Operator string
	// Before and After are the changed expression, on one line each; After is empty when something
	// was left out.
	Before, After string
	// Changes is the reference by which the changed rule is found; nil if the fault may show without
	// anybody looking at the rule.
	Changes ast.Ref
	// Text is the faulty module, in OPA's format and without comments.
	Text []byte
}

// Of makes every mutant of a module that reads differently from all others, in the order of the
// rules. It does not know which of them compile.
func Of(file string, source []byte) ([]Mutant, error) {
	module, err := ast.ParseModule(file, string(source))
	if err != nil {
		return nil, err
	}
	module.Comments, module.Annotations = nil, nil
	m := &mutator{file: file, module: module, texts: map[string]bool{}, ids: map[string]int{}}
	original, err := m.print(module)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m.texts[original] = true
	for i := range module.Rules {
		m.ruleAt(i)
	}
	return m.found, m.err
}

// mutator makes faults in a module, one after the other, and undoes each.
type mutator struct {
	file   string
	module *ast.Module
	rule   *ast.Rule
	name   string // of the rule
	around []ast.Node
	texts  map[string]bool
	ids    map[string]int
	found  []Mutant
	err    error
}

// fault is one change. Nodes that it does not print itself are shown with what is around them.
type fault struct {
	operator      string
	at            *ast.Location
	before, after string
	do, undo      func()
}

// make applies the fault, keeps the module's text, and undoes the fault.
func (m *mutator) make(f fault) {
	if m.err != nil {
		return
	}
	shown := f.before == ""
	around := -1
	if shown {
		around, f.before = m.readable()
	}
	f.do()
	text, err := m.print(m.module)
	if err == nil && shown {
		f.after, err = m.print(m.around[around])
	}
	f.undo()
	if err != nil {
		m.err = fmt.Errorf("%s: %s of %s: %w", m.file, f.operator, f.before, err)
		return
	}
	if m.texts[text] {
		return
	}
	m.texts[text] = true
	var changes ast.Ref
	if len(m.module.Rules) > 1 { // a package that loses its last rule is no longer there to be counted
		changes = m.rule.Ref()
	}
	m.found = append(m.found, Mutant{
		ID: m.id(&f), File: m.file, Line: f.at.Row, Rule: m.name, Operator: f.operator,
		Before: f.before, After: f.after, Changes: changes, Text: []byte(text),
	})
}

// id tells the fault from all others of the module.
func (m *mutator) id(f *fault) string {
	sum := sha256.Sum256([]byte(f.before + "\x00" + f.after))
	id := strings.Join([]string{m.file, m.name, f.operator, hex.EncodeToString(sum[:4])}, ":")
	id = strings.ReplaceAll(id, " ", "")
	m.ids[id]++
	if n := m.ids[id]; n > 1 {
		id = fmt.Sprintf("%s:%d", id, n)
	}
	return id
}

// longest is how much of a module is shown around a change.
const longest = 160

// readable is the largest node around the place that can be read at a glance; the innermost if none.
func (m *mutator) readable() (int, string) {
	best := len(m.around) - 1
	text, err := m.print(m.around[best])
	for i := best - 1; i >= 0 && err == nil; i-- {
		var wider string
		wider, err = m.print(m.around[i])
		if len(wider) > longest {
			break
		}
		best, text = i, wider
	}
	m.err = err
	return best, text
}

// print formats a node; anything but a module on one line.
func (m *mutator) print(node any) (string, error) {
	text, err := format.AstWithOpts(node, format.Opts{IgnoreLocations: true})
	if _, whole := node.(*ast.Module); err != nil || whole {
		return string(text), err
	}
	return string(bytes.Join(bytes.Fields(text), []byte(" "))), nil
}

// within runs a walk with one more node around what it finds.
func (m *mutator) within(node ast.Node, walk func()) {
	m.around = append(m.around, node)
	walk()
	m.around = m.around[:len(m.around)-1]
}
