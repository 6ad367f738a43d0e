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
	// refused are the checks that can refuse a pod whatever it sets.
	refused []string
	// touched are fields of the pod; the others can refuse only if the pod sets them.
	touched []string
	// flags are the boolean fields among them, which are looked at together.
	flags []string
	// filled are the checks that fill in defaults.
	filled  []string
	current check
	spec    map[string]json.RawMessage
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

// refuse writes what the policy refuses of what the pod uses: a set that must be empty for the pod to be accepted. A pod that touches
// none of the given fields uses nothing, or nothing that is refused; without fields the set is always looked at.
func (w *writer) refuse(set rego, touched ...string) {
	fmt.Fprintf(&w.body, "refused.%s := %s\n\n", w.current.name, set)
	if len(touched) == 0 {
		w.refused = append(w.refused, w.current.name)
	}
	for _, field := range touched {
		w.touched = append(w.touched, field)
		fmt.Fprintf(&w.body, "touched.%s := refused.%s\n\n", field, w.current.name)
	}
}

// outside is what lies outside the check's limits (see limit) of what the pod uses and of more.
func (w *writer) outside(more rego) rego {
	w.use("ranges")
	used := w.fact("used")
	if more != "" {
		used = "(" + used + " | " + more + ")"
	}
	return rego(fmt.Sprintf("{value | some value in %s; not ranges.holds(allowed.%s, value)}", used, w.current.name))
}

// limit writes what the policy allows, where more than one rule asks for it.
func (w *writer) limit(value rego) {
	fmt.Fprintf(&w.body, "allowed.%s := %s\n\n", w.current.name, value)
}

// limits refers to what limit wrote.
func (w *writer) limits() rego { return rego("allowed." + w.current.name) }

// tell writes how a refusal reads: the violations that function gives for each refused value.
func (w *writer) tell(function string, args ...rego) {
	found := w.call(function, append([]rego{"value"}, args...)...)
	fmt.Fprintf(&w.body, "violations contains found if {\n\tsome value in refused.%s\n\tsome found in %s\n}\n\n", w.current.name, found)
}

// tellAll writes violations that need no refused value to be told.
func (w *writer) tellAll(found rego) {
	fmt.Fprintf(&w.body, "violations contains found if some found in %s\n\n", found)
}

// set writes a default: value under key in each of places.
func (w *writer) set(key string, value, places rego) {
	w.defaults(rego(fmt.Sprintf("{place: {%s: %s} | some place in %s}", quote(key), value, places)))
}

// defaults writes what the check fills in: values by key by place. A check has at most one such rule.
func (w *writer) defaults(values rego) {
	w.filled = append(w.filled, w.current.name)
	fmt.Fprintf(&w.body, "defaults.%s := %s\n\n", w.current.name, values)
}

// flag refuses a value of a boolean field.
func (w *writer) flag(forbidden bool) {
	w.flags = append(w.flags, fmt.Sprintf("[%s, %t]", quote(w.current.fields[0]), forbidden))
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
	if len(w.flags) > 0 {
		w.use("flags")
	}
	if len(w.touched) > 0 {
		w.use("pod")
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
	if len(w.flags) > 0 {
		fmt.Fprintf(out, "\tflags.used & {%s} == set()\n", strings.Join(w.flags, ", "))
	}
	for _, name := range cheapestFirst(w.refused) {
		fmt.Fprintf(out, "\trefused.%s == set()\n", name)
	}
	if len(w.touched) > 0 {
		fmt.Fprintf(out, "\tevery field in (pod.touched & %s) {\n\t\ttouched[field] == set()\n\t}\n", set(w.touched))
	}
	out.WriteString("}\n\n")
	filled := make([]string, len(w.filled))
	for i, name := range w.filled {
		filled[i] = "defaults." + name
	}
	fmt.Fprintf(out, "# values by key by place\nwrites := object.union_n([%s])\n\n", strings.Join(filled, ", "))
}
