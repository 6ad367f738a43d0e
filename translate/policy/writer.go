// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"psp2rego/translate/psp"
)

// writer collects a module. Only term, call and the methods below make Rego of what a policy says.
type writer struct {
	header  bytes.Buffer
	body    bytes.Buffer
	imports []string
	// demands are what every pod has to fulfil.
	demands []statement
	// touched are the fields whose values a pod has to answer for if it sets them.
	touched []string
	// filled is what the policy fills in.
	filled  []statement
	current check
	spec    map[string]json.RawMessage
}

// statement is a line of Rego that a check contributes to a rule of the whole policy.
type statement struct {
	check check
	text  rego
}

// rego is a Rego expression.
type rego string

// head writes METADATA and package.
func (w *writer) head(p *psp.PodSecurityPolicy, source Source) {
	fmt.Fprintf(&w.header, "# METADATA\n# title: %s\n", quote("PodSecurityPolicy "+p.Name))
	fmt.Fprintf(&w.header, "# description: What the PodSecurityPolicy of this name allows, and the defaults it fills in.\n")
	if source != (Source{}) {
		fmt.Fprintf(&w.header, "# custom:\n#   source: %s\n#   sha256: %s\n#   psp2rego: %s\n",
			quote(source.File), quote(source.SHA256), quote(source.Version))
	}
	fmt.Fprintf(&w.header, "package lib.psp.policies[%s]\n\n", quote(p.Name))
	w.spec = fieldsOf(p)
}

// fieldsOf returns the policy's set fields and annotations by name, as JSON.
func fieldsOf(p *psp.PodSecurityPolicy) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	text, err := json.Marshal(p.Spec)
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		panic(err) // the API type always marshals to an object
	}
	for key, value := range p.Annotations {
		fields[key] = json.RawMessage(quote(value))
	}
	return fields
}

// unusable writes the module of a policy that the plugin skips.
func (w *writer) unusable(why string) {
	fmt.Fprintf(&w.body, "# skipped, as the admission plugin skips it: %s\n", quote(why))
	fmt.Fprintf(&w.body, "provider := false\n\nunusable := %s\n", quote(why))
}

// begin starts the block of a check with the policy's fields and their values.
func (w *writer) begin(c check) {
	w.current = c
	for _, field := range c.fields {
		value := "unset"
		if text, ok := w.spec[field]; ok {
			value = string(text)
		}
		fmt.Fprintf(&w.body, "# %s: %s\n", field, value)
	}
}

// free ends the block of a check that allows everything.
func (w *writer) free(why string) { fmt.Fprintf(&w.body, "# %s\n\n", why) }

// demand has every pod fulfil a condition.
func (w *writer) demand(condition rego) {
	w.demands = append(w.demands, statement{w.current, condition})
}

// demandOf has pods that set one of the fields (see the library's package touched) fulfil a condition; the others fulfil it anyway.
func (w *writer) demandOf(condition rego, fields ...string) {
	for _, field := range fields {
		if slices.Contains(w.touched, field) {
			panic("two conditions for " + field + ": one of them would do") // rules of one name are an or
		}
		w.touched = append(w.touched, field)
		fmt.Fprintf(&w.body, "permits.%s if {\n\t%s\n}\n\n", field, condition)
	}
}

// none is the condition that a set is empty.
func none(set rego) rego { return "count(" + set + ") == 0" }

// within is the condition that a set has no members that another has not.
func within(set, other rego) rego { return "object.subset(" + other + ", " + set + ")" }

// without is what is in one set and not in another.
func without(set, other rego) rego { return set + " - " + other }

// every is the condition that all members of a set fulfil one.
func every(set, condition rego) rego { return "every value in " + set + " { " + condition + " }" }

// tell writes how a refusal reads: the violations that function gives for each value of set that fulfils the conditions.
func (w *writer) tell(set rego, function string, args []rego, conditions ...rego) {
	fmt.Fprintf(&w.body, "violations contains found if {\n\tsome value in %s\n", set)
	for _, condition := range conditions {
		fmt.Fprintf(&w.body, "\t%s\n", condition)
	}
	fmt.Fprintf(&w.body, "\tsome found in %s\n}\n\n", w.call(function, append([]rego{"value"}, args...)...))
}

// allow demands that what the pod uses, if it sets one of the fields, is among what is allowed; not_allowed of the check's package
// tells of the rest.
func (w *writer) allow(used, allowed rego, fields []string, args ...rego) {
	w.demandOf(within(used, allowed), fields...)
	w.tell(without(used, allowed), "not_allowed", args)
}

// tellAll writes violations that need no value to be told.
func (w *writer) tellAll(found rego) {
	fmt.Fprintf(&w.body, "violations contains found if some found in %s\n\n", found)
}

// set fills in value under key in each of places.
func (w *writer) set(key string, value, places rego) {
	w.fill(rego(fmt.Sprintf("{place: {%s: %s} | some place in %s}", quote(key), value, places)))
}

// fill fills in values by key by place. A check has at most one such object.
func (w *writer) fill(values rego) { w.filled = append(w.filled, statement{w.current, values}) }

// flag refuses values of a boolean field; the check's package says which.
func (w *writer) flag() {
	w.demandOf(none(w.fact("not_allowed")), w.current.fields[0])
	w.tellAll(w.fact("not_allowed"))
}

// fact refers to a rule of the check's package.
func (w *writer) fact(name string) rego {
	w.use(w.current.name)
	return rego(w.current.name + "." + name)
}

// call calls a function of the check's package.
func (w *writer) call(name string, args ...rego) rego {
	w.use(w.current.name)
	texts := make([]string, len(args))
	for i, arg := range args {
		texts[i] = string(arg)
	}
	return rego(fmt.Sprintf("%s.%s(%s)", w.current.name, name, strings.Join(texts, ", ")))
}

// use imports a package of the library.
func (w *writer) use(name string) {
	if !slices.Contains(w.imports, name) {
		w.imports = append(w.imports, name)
	}
}

// text returns the whole module, unformatted.
func (w *writer) text() []byte {
	var out bytes.Buffer
	out.Write(w.header.Bytes())
	if len(w.touched) > 0 {
		w.use("touched")
	}
	slices.Sort(w.imports)
	for _, name := range w.imports {
		fmt.Fprintf(&out, "import data.lib.psp.%s\n", name)
	}
	if len(w.imports) > 0 {
		w.verdict(&out)
	}
	out.Write(w.body.Bytes())
	return out.Bytes()
}

// verdict writes what the choice among policies asks of each.
func (w *writer) verdict(out *bytes.Buffer) {
	out.WriteString("\nprovider := true\n\n# every check that can refuse stands here; an undefined one refuses\naccepts if {\n")
	for _, s := range w.demands {
		fmt.Fprintf(out, "\t# %s\n\t%s\n\n", strings.Join(s.check.fields, ", "), s.text)
	}
	if len(w.touched) > 0 {
		fmt.Fprintf(out, "\t# what a pod answers for if it sets it: see permits\n\tevery field in (touched.fields & %s) { permits[field] }\n", set(w.touched))
	}
	out.WriteString("}\n\n# values by key by place\nwrites := object.union_n([\n")
	for _, s := range w.filled {
		fmt.Fprintf(out, "\t# %s\n\t%s,\n", strings.Join(s.check.fields, ", "), s.text)
	}
	out.WriteString("])\n\n")
}
