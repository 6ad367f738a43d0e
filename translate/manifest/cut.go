// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"psp2rego/translate/diagnostic"
)

// file cuts a file into units.
func (r *reader) file(ctx context.Context, f *file) {
	if reason, hint, off := notText(f.data); reason != "" {
		r.fail(diagnostic.Diagnostic{Pos: f.position(off), Code: diagnostic.NotText, Message: reason, Hint: hint})
		return
	}
	f.skipBOM()
	s := newSplitter(f.data)
	for doc := range s.documents() {
		if body := s.body(doc); f.looksLikeJSON(body) && r.jsonStream(ctx, f, body) {
			continue
		}
		if head, items, ok := splitList(s, doc); ok && r.yamlList(ctx, f, doc, head, items) {
			continue
		}
		if !r.plan(ctx, unit{origin: origin{file: f, span: doc, form: yamlDocument}}) {
			return
		}
	}
}

// plan queues units, and decodes what has been gathered if that is enough. It reports false if the input has more units
// than any cluster has objects.
func (r *reader) plan(ctx context.Context, units ...unit) bool {
	if r.planned += len(units); r.planned > maxUnits {
		if r.planned-len(units) <= maxUnits {
			u := units[len(units)-1].origin
			r.fail(diagnostic.Diagnostic{
				Pos: u.position(nil, ""), Code: diagnostic.TooLarge, Message: fmt.Sprintf("there are more than %d objects", maxUnits),
			})
		}
		return false
	}
	r.pending = append(r.pending, units...)
	if len(r.pending) >= flushAt {
		r.flush(ctx)
	}
	return true
}

// jsonStream queues the objects of a document that is JSON, one value after the other. It reports false if the document
// must be YAML after all.
func (r *reader) jsonStream(ctx context.Context, f *file, doc span) bool {
	s := scanner{f.data[:doc.end]}
	for off := s.skip(doc.off); off < doc.end; off = s.skip(off) {
		members, end, err := s.object(off)
		if err != nil {
			first := off == s.skip(doc.off)
			if first && s.data[min(s.skip(off+1), doc.end-1)] != '"' {
				return false
			}
			res := result{}
			res.malformedJSON(f, err)
			r.take(&res)
			return true
		}
		units := []unit{{origin: origin{file: f, span: span{off, end}, form: jsonText}}}
		if list, ok := asList(s, members); ok {
			res := result{}
			ok = res.checkList(units[0].origin, s, list)
			r.take(&res)
			units = list.units(units[0].origin, ok)
		}
		if !r.plan(ctx, units...) {
			return true
		}
		off = end
	}
	return true
}

// yamlList decodes a YAML list item by item. It reports false if that does not work, and has then changed nothing.
func (r *reader) yamlList(ctx context.Context, f *file, doc span, head []byte, items []span) bool {
	kind, apiVersion, ok := listHead(head)
	if !ok {
		return false
	}
	r.flush(ctx)
	l := list{kind: kind, apiVersion: apiVersion, items: items}
	results := r.decode(ctx, l.units(origin{file: f, span: doc, form: yamlItem}, true))
	broken := slices.ContainsFunc(results, func(res result) bool { return res.broken })
	if broken && doc.end-doc.off <= MaxDocumentSize {
		return false
	}
	for i := range results {
		r.take(&results[i])
	}
	return true
}

// skipBOM leaves out the byte order mark that some editors put first.
func (f *file) skipBOM() {
	f.raw = f.data
	f.data = bytes.TrimPrefix(f.data, []byte("\uFEFF"))
}

func (f *file) looksLikeJSON(doc span) bool {
	text := bytes.TrimLeft(doc.text(f.data), " \t\r\n")
	return len(text) > 0 && text[0] == '{'
}
