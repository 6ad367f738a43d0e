// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	kjson "sigs.k8s.io/json"

	"psp2rego/translate/diagnostic"
)

// unit is a piece of input that is decoded by itself: a document or an item of a list.
type unit struct {
	origin
	// kind and apiVersion are what an item of a typed list is, unless it says something else.
	kind, apiVersion string
}

// budget is what objects use of what one Read may hold.
type budget struct {
	bytes, objects atomic.Int64
	large          sync.Mutex // held while a large document is parsed
}

// take reports whether one more object of n bytes fits, and whether it is the first that does not.
func (b *budget) take(n int) (fits, first bool) {
	bytes, objects := b.bytes.Add(int64(n)), b.objects.Add(1)
	fits = bytes <= maxConverted && objects <= MaxObjects
	return fits, bytes-int64(n) <= maxConverted && objects-1 <= MaxObjects
}

// decoder turns units into objects and findings.
type decoder struct {
	*result
	limits *budget
	nodes  *nodeCache
}

// unit decodes one unit.
func (d *decoder) unit(u unit) {
	text := u.text(u.file.data)
	if u.form == jsonText {
		d.object(u, text, 0)
		return
	}
	converted, ok := d.fromYAML(u, text)
	if !ok {
		d.broken = true
		return
	}
	if u.form == yamlItem {
		items, err := scanner{converted}.array(0)
		if err != nil || len(items) != 1 {
			d.broken = true
			d.add(diagnostic.Diagnostic{Code: diagnostic.NotAnObject, Message: "this item of the list is not one object"}, u.start)
			return
		}
		converted = items[0].text(converted)
	} else if string(converted) == "null" {
		return
	}
	d.object(u, converted, 0)
}

// header is what tells what an object is.
type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
}

// object looks at a JSON value: an object is kept, counted or complained about, a list is taken apart. The text is that
// of the source if the unit's form is jsonText, else it was converted from there.
func (d *decoder) object(u unit, text []byte, depth int) {
	if text[0] != '{' {
		d.seen++
		d.add(diagnostic.Diagnostic{
			Code: diagnostic.NotAnObject, Message: "this is " + article(text[0]) + ", not an object",
			Hint: "give Kubernetes manifests only",
		}, u.at(d.nodes, ""))
		return
	}
	h := header{}
	strict, err := kjson.UnmarshalStrict(text, &h, kjson.DisallowDuplicateFields)
	if isSyntax, off := kjson.SyntaxErrorOffset(err); isSyntax {
		d.malformedJSON(u.file, &syntaxError{u.off + max(int(off)-1, 0), err.Error()})
		return
	}
	if d.ambiguous(u, strict) {
		return
	}
	if strings.HasSuffix(h.Kind, "List") && d.list(u, text, depth) {
		return
	}
	d.seen++
	if h.Kind == "" && h.APIVersion == "" && u.kind != "" {
		h.Kind, h.APIVersion = u.kind, u.apiVersion
		text = withHeader(text, h)
	}
	d.keep(u, h, text)
}

// keep decides what becomes of an object.
func (d *decoder) keep(u unit, h header, text []byte) {
	if h.Kind == "" || h.APIVersion == "" {
		d.add(diagnostic.Diagnostic{
			Code:    diagnostic.NotAnObject,
			Message: "this is no Kubernetes object: " + missing(h) + " missing or not a string",
			Hint:    "give Kubernetes manifests only; every object needs an apiVersion and a kind",
		}, u.at(d.nodes, ""))
		return
	}
	switch standing, kind := classify(h.APIVersion, h.Kind); standing {
	case other:
		if d.others == nil {
			d.others = map[string]int{}
		}
		name := h.Kind
		if kind.Name != "" {
			name += " of " + h.APIVersion
		}
		d.others[name]++
	case wrongVersion:
		d.add(diagnostic.Diagnostic{
			Code: diagnostic.UnknownVersion, Field: "apiVersion",
			Message: fmt.Sprintf("there is no kind %q in %q", h.Kind, h.APIVersion),
			Hint:    "a " + kind.Name + " is of apiVersion " + strings.Join(kind.APIVersions, " or "),
		}, u.at(d.nodes, "apiVersion"))
	case known:
		if len(text) > MaxDocumentSize {
			d.tooLarge(u, fmt.Sprintf("this %s has %d MiB; at most %d MiB are read", h.Kind, len(text)>>20, MaxDocumentSize>>20), "")
			return
		}
		if u.form == jsonText {
			text = compact(text)
		}
		if fits, first := d.limits.take(len(text)); !fits {
			d.tooMuch(u, first)
			return
		}
		d.objects = append(d.objects, &Object{
			APIVersion: h.APIVersion, Kind: h.Kind, Namespace: h.Metadata.Namespace, Name: h.Metadata.Name,
			JSON: text, origin: u.origin, nodes: d.nodes,
		})
	}
}

// tooMuch refuses an object that does not fit into memory, and says so once.
func (d *decoder) tooMuch(u unit, first bool) {
	d.unreadable = true
	if first {
		d.tooLarge(u, fmt.Sprintf("with this one there are more than %d policies and RBAC objects, or %d MiB of them",
			MaxObjects, maxConverted>>20), "")
	}
}

func (d *decoder) tooLarge(u unit, message, hint string) {
	d.fail(diagnostic.Diagnostic{Code: diagnostic.TooLarge, Message: message, Hint: hint}, u.start)
}

// ambiguous complains about fields that are there twice and decide what the object is; the strict decoding of the kinds
// that matter finds all others.
func (d *decoder) ambiguous(u unit, strict []error) bool {
	for _, err := range strict {
		var field kjson.FieldError
		if errors.As(err, &field) && (field.FieldPath() == "kind" || field.FieldPath() == "apiVersion") {
			d.seen++
			d.add(diagnostic.Diagnostic{
				Code: diagnostic.DuplicateField, Field: field.FieldPath(), Message: "this field is given twice",
			}, u.at(d.nodes, field.FieldPath()))
			return true
		}
	}
	return false
}

// malformedJSON reports JSON that cannot be taken apart.
func (res *result) malformedJSON(f *file, err error) {
	where := func() diagnostic.Position { return diagnostic.Position{File: f.name} }
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		where = func() diagnostic.Position { return f.position(min(syntax.offset, len(f.data))) }
	}
	res.fail(diagnostic.Diagnostic{Code: diagnostic.MalformedJSON, Message: "malformed JSON: " + err.Error()}, where)
}

func article(first byte) string {
	switch first {
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

func missing(h header) string {
	switch {
	case h.Kind != "":
		return "apiVersion is"
	case h.APIVersion != "":
		return "kind is"
	}
	return "apiVersion and kind are"
}

// withHeader writes apiVersion and kind into an object that has neither.
func withHeader(text []byte, h header) []byte {
	head, err := json.Marshal(map[string]string{"apiVersion": h.APIVersion, "kind": h.Kind})
	if err != nil {
		return text
	}
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	if len(rest) > 0 && rest[0] == '}' {
		return head
	}
	return append(append(head[:len(head)-1], ','), rest...)
}

// compact is the text without white space; it is the text itself if there is none to remove.
func compact(text []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(text))
	if err := json.Compact(&b, text); err != nil || b.Len() == len(text) {
		return text
	}
	return bytes.Clone(b.Bytes())
}
