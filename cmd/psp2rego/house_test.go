// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mayImport is what each part of the module may use of the others; tests may use more.
func mayImport() map[string][]string {
	return map[string][]string{
		"translate": {"translate"},
		"rego":      {},
		"bundles":   {"bundles", "translate", "rego"},
		"verify":    {"verify"},
		"cmd":       {"cmd", "translate", "rego", "bundles", "verify"},
	}
}

// TestThePartsImportEachOtherInOneDirection keeps the tester independent of what it judges, and libraries free of what
// only a command may do.
func TestThePartsImportEachOtherInOneDirection(t *testing.T) {
	root := "../.."
	files := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, notModule := os.Stat(filepath.Join(root, name, "go.mod"))
			if name != "." && (notModule == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files++
		return checkGoFile(t, root, name)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("looked at %d files", files)
	}
}

func checkGoFile(t *testing.T, root, name string) error {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(data), "// SPDX-License-Identifier: Apache-2.0\n") {
		t.Errorf("%s: does not begin with its licence", name)
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, data, 0)
	if err != nil {
		return err
	}
	part, _, _ := strings.Cut(name, "/")
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if inside, ok := strings.CutPrefix(imported, "psp2rego/"); ok && !allowed(part, inside) {
			t.Errorf("%s: %s may not import %s", name, part, imported)
		}
		if part != "cmd" && (imported == "flag" || imported == "github.com/spf13/cobra") {
			t.Errorf("%s: only a command reads flags", name)
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				t.Errorf("%s: has an init function", name)
			}
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if ok && part != "cmd" && (pkg.Name+"."+n.Sel.Name == "os.Exit" || pkg.Name+"."+n.Sel.Name == "os.Getenv") {
				t.Errorf("%s: only a command calls %s.%s", name, pkg.Name, n.Sel.Name)
			}
		}
		return true
	})
	return nil
}

func allowed(part, imported string) bool {
	for _, other := range mayImport()[part] {
		if imported == other || strings.HasPrefix(imported, other+"/") {
			return true
		}
	}
	return false
}
