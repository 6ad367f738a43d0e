// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"errors"

	yaml "go.yaml.in/yaml/v3"
)

// errAliases means that a document is small only because it repeats itself.
var errAliases = errors.New("the YAML aliases of this document stand for too much text")

// aliasFactor and aliasAllowance say how large a document may become once its aliases are written out: so many times its
// own size and so many bytes more.
const (
	aliasFactor    = 8
	aliasAllowance = 64 << 10
)

// checkAliases refuses a document that explodes when its aliases are written out. The YAML parser has a limit of its own,
// which counts values and not the text in them.
func checkAliases(text []byte) error {
	if bytes.IndexByte(text, '&') < 0 || bytes.IndexByte(text, '*') < 0 {
		return nil
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return err
	}
	m := measure{limit: aliasFactor*len(text) + aliasAllowance, sizes: map[*yaml.Node]int{}}
	if m.size(&root) > m.limit {
		return errAliases
	}
	return nil
}

// measure adds up the size of nodes with their aliases written out.
type measure struct {
	limit int
	sizes map[*yaml.Node]int // of nodes that have an anchor
}

// size is the size of a node in bytes, roughly, or more than the limit.
func (m *measure) size(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode {
		return m.anchored(n.Alias)
	}
	if n.Anchor != "" {
		return m.anchored(n)
	}
	return m.sum(n)
}

func (m *measure) anchored(n *yaml.Node) int {
	size, ok := m.sizes[n]
	if !ok {
		m.sizes[n] = m.limit + 1 // in case it contains itself
		size = m.sum(n)
		m.sizes[n] = size
	}
	return size
}

func (m *measure) sum(n *yaml.Node) int {
	size := len(n.Value) + 1
	for _, c := range n.Content {
		if size += m.size(c); size > m.limit {
			return m.limit + 1
		}
	}
	return size
}
