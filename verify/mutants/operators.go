// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"math/big"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The operators, by what they do.
const (
	Negate         = "negate"          // a condition becomes its opposite
	DropExpression = "drop-expression" // one expression of a body is gone
	DropRule       = "drop-rule"       // a rule is gone
	DropBranch     = "drop-branch"     // one branch of a rule with else is gone
	SwapComparison = "swap-comparison" // < and <=, > and >=, == and != trade places
	SwapOperator   = "swap-operator"   // - becomes & or +, & becomes | or -, | becomes &, + becomes -
	SwapArguments  = "swap-arguments"  // the two sides trade places, where that makes a difference
	SwapFunction   = "swap-function"   // min and max, startswith and endswith, trim_prefix and trim_suffix trade places
	SwapList       = "swap-list"       // the lists of init, regular and ephemeral containers trade places
	Number         = "number"          // a whole number is one more, or one less
	Text           = "text"            // a string has one more character
	FlipBoolean    = "flip-boolean"    // true becomes false, false true
	SkipElement    = "skip-element"    // a literal list or set lacks one element
	DropKey        = "drop-key"        // a literal object lacks one key
	Empty          = "empty"           // a set, or what a comprehension makes, is empty
	SomeEvery      = "some-every"      // one of all becomes all, and the other way round
)

// Operators are all of them.
func Operators() []string {
	return []string{
		Negate, DropExpression, DropRule, DropBranch, SwapComparison, SwapOperator, SwapArguments, SwapFunction,
		SwapList, Number, Text, FlipBoolean, SkipElement, DropKey, Empty, SomeEvery,
	}
}

// swaps are the functions that stand in for others, by their names in OPA.
var swaps = map[string]struct {
	operator string
	by       []string
}{
	"lt": {SwapComparison, []string{"lte"}}, "lte": {SwapComparison, []string{"lt"}},
	"gt": {SwapComparison, []string{"gte"}}, "gte": {SwapComparison, []string{"gt"}},
	"equal": {SwapComparison, []string{"neq"}}, "neq": {SwapComparison, []string{"equal"}},
	"minus": {SwapOperator, []string{"and", "plus"}}, "and": {SwapOperator, []string{"or", "minus"}},
	"or": {SwapOperator, []string{"and"}}, "plus": {SwapOperator, []string{"minus"}},
	"min": {SwapFunction, []string{"max"}}, "max": {SwapFunction, []string{"min"}},
	"startswith": {SwapFunction, []string{"endswith"}}, "endswith": {SwapFunction, []string{"startswith"}},
	"trim_prefix": {SwapFunction, []string{"trim_suffix"}}, "trim_suffix": {SwapFunction, []string{"trim_prefix"}},
}

// setOperators give sets. The sides of - are not alike; minus is one of numbers, too.
var (
	setOperators = map[string]bool{"minus": true, "and": true, "or": true}
	onesided     = map[string]bool{"minus": true, "array.concat": true, "object.union": true, "startswith": true}
)

// call makes faults in a call; the first of terms is what is called.
func (m *mutator) call(terms []*ast.Term) {
	called := terms[0]
	name := called.Value.String()
	for _, by := range swaps[name].by {
		m.make(fault{
			operator: swaps[name].operator, at: m.place(called),
			do:   func() { terms[0] = ast.NewTerm(ast.BuiltinMap[by].Ref()) },
			undo: func() { terms[0] = called },
		})
	}
	if onesided[name] && len(terms) > 2 {
		turn := func() { terms[1], terms[2] = terms[2], terms[1] }
		m.make(fault{operator: SwapArguments, at: m.place(called), do: turn, undo: turn})
	}
	for _, argument := range terms[1:] {
		m.term(argument)
	}
}

// place is where a term stands, or else what is around it.
func (m *mutator) place(t *ast.Term) *ast.Location {
	if t.Location != nil {
		return t.Location
	}
	for _, node := range slices.Backward(m.around) {
		if at := node.Loc(); at != nil {
			return at
		}
	}
	return m.rule.Location
}

func (m *mutator) number(t *ast.Term, n ast.Number) {
	value, ok := new(big.Int).SetString(string(n), 10)
	if !ok {
		return
	}
	for _, step := range []int64{1, -1} {
		m.replace(Number, t, ast.Number(new(big.Int).Add(value, big.NewInt(step)).String()))
	}
}

func (m *mutator) text(t *ast.Term, s ast.String) {
	m.replace(Text, t, s+"~")
	m.swapList(t, s)
}

// nextList are the lists of containers, each with the one that is taken for it.
var nextList = map[ast.String]ast.String{
	"initContainers": "containers", "containers": "ephemeralContainers", "ephemeralContainers": "initContainers",
}

func (m *mutator) swapList(t *ast.Term, s ast.String) {
	if next, ok := nextList[s]; ok {
		m.replace(SwapList, t, next)
	}
}
