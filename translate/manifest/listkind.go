// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"

	"psp2rego/translate/diagnostic"
)

// maxListDepth is how deep lists may be nested in lists. kubectl never nests them.
const maxListDepth = 4

// list is an object whose items are objects: of kind List, or of a typed list such as ClusterRoleList.
type list struct {
	kind, apiVersion string
	items            []span
	members          []member
	err              error // why the items could not be found
}

// asList recognises a list by its kind and an array of items.
func asList(s scanner, members []member) (list, bool) {
	l := list{members: members}
	found := false
	for _, m := range members {
		switch m.key {
		case "kind":
			l.kind = literal(s, m.value)
		case "apiVersion":
			l.apiVersion = literal(s, m.value)
		case "items":
			switch value := m.value.text(s.data); {
			case value[0] == '[':
				found = true
				l.items, l.err = s.array(m.value.off)
			case string(value) == "null":
				found = true
			}
		}
	}
	return l, found && strings.HasSuffix(l.kind, "List")
}

// literal is a string value, "" if it is none.
func literal(s scanner, v span) string {
	var text string
	if json.Unmarshal(v.text(s.data), &text) != nil {
		return ""
	}
	return text
}

// units are the list's items, as parts of where it came from; none if the list is not ok.
func (l list) units(from origin, ok bool) []unit {
	if !ok {
		return nil
	}
	units := make([]unit, len(l.items))
	kind, typed := strings.CutSuffix(l.kind, "List")
	for i, item := range l.items {
		units[i] = unit{origin: origin{file: from.file, span: item, form: from.form}}
		if typed && kind != "" {
			units[i].kind, units[i].apiVersion = kind, l.apiVersion
		}
	}
	return units
}

// checkList complains about what is wrong with the list itself.
func (res *result) checkList(u origin, s scanner, l list) bool {
	if l.err != nil {
		res.malformedJSON(u.file, l.err)
		return false
	}
	for i, m := range l.members {
		if slices.ContainsFunc(l.members[:i], func(o member) bool { return o.key == m.key }) {
			res.seen++
			res.add(diagnostic.Diagnostic{
				Code: diagnostic.DuplicateField, Field: m.key, Message: fmt.Sprintf("the list has the field %q twice", m.key),
			}, u.start)
			return false
		}
		if m.key != "items" && !json.Valid(m.value.text(s.data)) {
			res.malformedJSON(u.file, &syntaxError{m.value.off, fmt.Sprintf("the value of %q is not valid", m.key)})
			return false
		}
	}
	return true
}

// list decodes the items of a list, given as an object's text. It reports false if the object is no list.
func (d *decoder) list(u unit, text []byte, depth int) bool {
	s, off := scanner{text}, 0
	if u.form == jsonText {
		s, off = scanner{u.file.data[:u.end]}, u.off
	}
	members, _, err := s.object(off)
	l, ok := asList(s, members)
	if err != nil || !ok {
		return false
	}
	if depth >= maxListDepth {
		d.seen++
		d.add(diagnostic.Diagnostic{Code: diagnostic.NotAnObject, Message: "lists are nested too deeply"}, u.at(d.nodes, ""))
		return true
	}
	if u.form == jsonText && !d.checkList(u.origin, s, l) {
		return true
	}
	for i, item := range l.units(u.origin, true) {
		text := item.text(s.data)
		if u.form != jsonText {
			item.origin = u.origin
			item.path = append(slices.Clone(u.path), i)
		}
		d.object(item, text, depth+1)
	}
	return true
}

// listHead reads the head of a YAML list whose items were cut out, and reports whether it is one.
func listHead(head []byte) (kind, apiVersion string, ok bool) {
	converted, err := convert(head)
	if err != nil {
		return "", "", false
	}
	var h struct {
		Kind       string   `json:"kind"`
		APIVersion string   `json:"apiVersion"`
		Items      []string `json:"items"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(converted, &h); err != nil {
		return "", "", false
	}
	ok = strings.HasSuffix(h.Kind, "List") && slices.Equal(h.Items, []string{placeholder})
	return h.Kind, h.APIVersion, ok
}
