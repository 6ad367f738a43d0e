// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// block is a run of statements that are executed together.
type block struct {
	pkg      string // without the module
	function string // "FILE NAME", as the list names functions
	where    string // "FILE:LINE NAME" of its first statement, as the list names statements
	count    int
	executed bool
}

// readStatements reads the blocks of the packages from a profile, and where they stand from the
// packages' sources.
func readStatements(ctx context.Context, profile string) ([]block, error) {
	data, err := os.ReadFile(profile)
	if err != nil {
		return nil, err
	}
	spans, err := parseProfile(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", profile, err)
	}
	folders, err := packageFolders(ctx)
	if err != nil {
		return nil, err
	}
	sources := map[string]*source{}
	var blocks []block
	for _, s := range spans {
		folder, ok := folders[path.Dir(s.file)]
		if !ok {
			continue // the evaluator's own code
		}
		if sources[s.file] == nil {
			if sources[s.file], err = readSource(filepath.Join(folder, path.Base(s.file))); err != nil {
				return nil, err
			}
		}
		b := sources[s.file].locate(strings.TrimPrefix(s.file, module), s)
		blocks = append(blocks, b)
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%s: nothing of %s", profile, strings.Join(packages(), ", "))
	}
	return blocks, nil
}

// packageFolders are the folders of the packages, by import path.
func packageFolders(ctx context.Context) (map[string]string, error) {
	args := append([]string{"list", "-f", "{{.ImportPath}}\t{{.Dir}}"}, packages()...)
	out, err := exec.CommandContext(ctx, "go", args...).Output()
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			return nil, fmt.Errorf("go list: %w: %s", err, exit.Stderr)
		}
		return nil, err
	}
	folders := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, folder, _ := strings.Cut(strings.TrimSpace(line), "\t")
		folders[name] = folder
	}
	return folders, nil
}

// source is a file in which statements can be looked up by their place.
type source struct {
	set  *token.FileSet
	file *ast.File
}

func readSource(name string) (*source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
	return &source{set: set, file: file}, err
}

// locate names the function and the first statement of a span of the file.
func (s *source) locate(file string, span span) block {
	b := block{pkg: path.Dir(file), count: span.statements, executed: span.executed}
	line, name := span.from.line, "?"
	for _, d := range s.file.Decls {
		function, ok := d.(*ast.FuncDecl)
		if !ok || !span.within(s.place(function.Pos()), s.place(function.End())) {
			continue
		}
		name = functionName(function)
		if first := s.first(function, span); first != nil {
			line = s.place(first.Pos()).line
		}
	}
	b.function = file + " " + name
	b.where = fmt.Sprintf("%s:%d %s", file, line, name)
	return b
}

// first is the first statement that starts in the span.
func (s *source) first(function *ast.FuncDecl, span span) ast.Stmt {
	var found ast.Stmt
	ast.Inspect(function.Body, func(node ast.Node) bool {
		statement, ok := node.(ast.Stmt)
		if _, braces := statement.(*ast.BlockStmt); !ok || braces || found != nil {
			return found == nil
		}
		if at := s.place(statement.Pos()); !at.before(span.from) && at.before(span.to) {
			found = statement
		}
		return found == nil
	})
	return found
}

func (s *source) place(p token.Pos) place {
	at := s.set.Position(p)
	return place{at.Line, at.Column}
}

// functionName is the function's name, with its receiver as Go writes method expressions.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	switch t := f.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		return fmt.Sprintf("(*%s).%s", t.X, f.Name.Name)
	default:
		return fmt.Sprintf("%s.%s", t, f.Name.Name)
	}
}
