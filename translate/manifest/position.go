// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strconv"
	"sync"

	yaml "go.yaml.in/yaml/v3"

	"psp2rego/translate/diagnostic"
)

// Position is where a field such as spec.hostPorts[1].min or metadata.annotations[a.b/c] stands in the source: its key, or
// for an item of a list the item. A field that is not there has the position of its closest parent; "" is the object
// itself. The source text is parsed again to find out, so ask only for what somebody will read.
func (o *Object) Position(field string) diagnostic.Position { return o.position(o.nodes, field) }

// nodeCache keeps the syntax tree of the YAML text that was last asked about: findings come object by object, and
// objects of a list that could not be cut share their text.
type nodeCache struct {
	mu   sync.Mutex
	file *file
	span span
	root *yaml.Node
}

func (c *nodeCache) parse(o origin) *yaml.Node {
	if c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.file == o.file && c.span == o.span {
			return c.root
		}
	}
	root := &yaml.Node{}
	if yaml.Unmarshal(o.text(o.file.data), root) != nil || len(root.Content) == 0 {
		root = nil
	}
	if c != nil {
		c.file, c.span, c.root = o.file, o.span, root
	}
	return root
}

// position finds a field of the object that comes from o. Without a cache only the object itself is looked for, which
// needs no parsing.
func (o origin) position(cache *nodeCache, field string) diagnostic.Position {
	start := o.file.position(o.off + firstToken(o.text(o.file.data), o.form))
	if cache == nil || field == "" && o.path == nil {
		return start
	}
	if o.form == jsonText {
		s := scanner{o.file.data[:o.end]}
		return o.file.position(s.find(o.off, fieldPath(field)))
	}
	root := cache.parse(o)
	if root == nil {
		return start
	}
	n := root.Content[0]
	if o.form == yamlItem && n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, i := range o.path {
		n, _ = child(n, "items")
		n, _ = child(n, strconv.Itoa(i))
	}
	at := n
	for _, step := range fieldPath(field) {
		next, key := child(n, step)
		if next == nil {
			break
		}
		n, at = next, key
	}
	if at == nil {
		return start
	}
	return o.linePosition(at.Line, at.Column)
}

// at and start put off looking for a position.
func (o origin) at(cache *nodeCache, field string) func() diagnostic.Position {
	return func() diagnostic.Position { return o.position(cache, field) }
}

func (o origin) start() diagnostic.Position { return o.position(nil, "") }

// linePosition is a place in the text of o, which starts a line.
func (o origin) linePosition(line, column int) diagnostic.Position {
	pos := o.file.position(o.off)
	return diagnostic.Position{File: pos.File, Line: pos.Line + line - 1, Column: column}
}

// child is a value of a mapping or a sequence, and the node that stands for its place.
func child(n *yaml.Node, step string) (value, at *yaml.Node) {
	n = resolve(n)
	if n == nil {
		return nil, nil
	}
	if n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, nil
	}
	var merged *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case step:
			return n.Content[i+1], n.Content[i]
		case "<<":
			merged = resolve(n.Content[i+1])
		}
	}
	return fromMerged(merged, step)
}

// fromMerged looks for a key in what a mapping merges ("<<").
func fromMerged(merged *yaml.Node, step string) (value, at *yaml.Node) {
	if merged == nil {
		return nil, nil
	}
	sources := []*yaml.Node{merged}
	if merged.Kind == yaml.SequenceNode {
		sources = merged.Content
	}
	for _, s := range sources {
		if s = resolve(s); s == nil || s.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(s.Content); i += 2 {
			if s.Content[i].Value == step {
				return s.Content[i+1], s.Content[i]
			}
		}
	}
	return nil, nil
}

func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// firstToken is the offset of the first thing in the text that is neither blank space, comment, document marker nor the
// dash of an item.
func firstToken(text []byte, form form) int {
	off := 0
	for off < len(text) {
		switch c := text[off]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			off++
		case form == jsonText:
			return off
		case c == '#' || c == '%' && (off == 0 || text[off-1] == '\n'):
			for off < len(text) && text[off] != '\n' {
				off++
			}
		case (off == 0 || text[off-1] == '\n') && isMarker(text[off:], "---"):
			off += len("---")
		case form == yamlItem && c == '-' && isItem(text[off:]):
			form = yamlDocument
			off++
		default:
			return off
		}
	}
	return 0
}
