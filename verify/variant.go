// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"
)

// Bundle is a bundle that was read and not yet compiled, of which variants can be made. It does not
// change, and may be used concurrently.
type Bundle struct {
	modules map[string]*module // by path in the bundle
	data    map[string]any
}

type module struct {
	text   []byte
	parsed *ast.Module
}

// modulePool keeps one copy of modules that several bundles have.
type modulePool struct {
	mu   sync.Mutex
	kept map[string]*module
}

func (p *modulePool) keep(path string, m *module) *module {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.kept[path]; known != nil && bytes.Equal(known.text, m.text) {
		return known
	}
	if p.kept == nil {
		p.kept = map[string]*module{}
	}
	p.kept[path] = m
	return m
}

// ReadBundle reads the bytes of a bundle (.tar.gz) as OPA would, without its test modules. Nothing is compiled yet.
func ReadBundle(tarball []byte) (*Bundle, error) { return readBundle(tarball, &modulePool{}) }

// readBundle reads the bytes of a bundle (.tar.gz) by OPA's own reader, without its test modules.
func readBundle(tarball []byte, pool *modulePool) (*Bundle, error) {
	read, err := readAsOPA(loader.NewFileLoader().WithReader(bytes.NewReader(tarball)), "bundle.tar.gz")
	if err != nil {
		return nil, err
	}
	b := &Bundle{modules: make(map[string]*module, len(read.Modules)), data: read.Data}
	for _, m := range read.Modules {
		path := strings.TrimPrefix(m.Path, "/")
		b.modules[path] = pool.keep(path, &module{text: m.Raw, parsed: m.Parsed})
	}
	return b, nil
}

// Modules are the texts of the bundle's modules, but for tests, by path.
func (b *Bundle) Modules() map[string][]byte {
	texts := make(map[string][]byte, len(b.modules))
	for path, m := range b.modules {
		texts[path] = m.text
	}
	return texts
}

// Data are the bundle's data. They are not to be changed.
func (b *Bundle) Data() map[string]any { return b.data }

// Compile makes an engine of the bundle as it is.
func (b *Bundle) Compile(ctx context.Context) (*OPA, error) {
	return b.compile(ctx, "", nil)
}

// CompileWith makes an engine of the bundle with another text for one of its modules. The error says
// why OPA would not take such a bundle.
func (b *Bundle) CompileWith(ctx context.Context, path string, text []byte) (*OPA, error) {
	if b.modules[path] == nil {
		return nil, fmt.Errorf("the bundle has no module %s", path)
	}
	parsed, err := ast.ParseModule(path, string(text))
	if err != nil {
		return nil, err
	}
	return b.compile(ctx, path, parsed)
}

func (b *Bundle) compile(ctx context.Context, path string, instead *ast.Module) (*OPA, error) {
	modules := make(map[string]*ast.Module, len(b.modules))
	for name, m := range b.modules {
		modules[name] = m.parsed
	}
	if instead != nil {
		modules[path] = instead
	}
	compiler, err := compiled(modules)
	if err != nil {
		return nil, err
	}
	return newOPA(ctx, compiler, storeOf(maps.Clone(b.data)))
}
