// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"psp2rego/translate"
	"psp2rego/translate/rbac"
)

const (
	libraryFolder = "lib"
	entryModule   = "gatekeeper/gatekeeper.rego"
	grantsModule  = "lib/psp/grants/grants.rego"
	grantsData    = "lib/psp/grants/data.json"
)

func isModule(name string) bool {
	return path.Ext(name) == ".rego" && !strings.HasSuffix(name, "_test.rego")
}

func isPolicy(name string) bool { return strings.HasPrefix(name, "lib/psp/policies/") }

func readModule(from fs.FS, name string) ([]byte, error) {
	data, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, fmt.Errorf("read the Rego library: %w", err)
	}
	return data, nil
}

// collect gives the modules that the template's own one imports, sorted by path: the library's, the policies', and for the grants the module reader, or one of
// literals if that is nil.
func collect(library fs.FS, out *translate.Output, reader []byte) ([]translate.File, error) {
	var modules []translate.File
	err := fs.WalkDir(library, libraryFolder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isModule(name) {
			return err
		}
		data, err := fs.ReadFile(library, name)
		modules = append(modules, translate.File{Path: name, Data: data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the Rego library: %w", err)
	}
	granted := false
	for _, f := range out.Files {
		switch {
		case f.Path == grantsData:
			data := reader
			if data == nil {
				if data, err = grants(f.Data); err != nil {
					return nil, err
				}
			}
			modules, granted = append(modules, translate.File{Path: grantsModule, Data: data}), true
		case isModule(f.Path):
			modules = append(modules, f)
		}
	}
	if !granted {
		return nil, fmt.Errorf("there is no %s among the files", grantsData)
	}
	slices.SortFunc(modules, func(a, b translate.File) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// grants writes the grants as a module of literals, a line for each subject. Gatekeeper has no data but in modules.
func grants(data []byte) ([]byte, error) {
	var read rbac.Grants
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", grantsData, err)
	}
	var text bytes.Buffer
	text.WriteString(grantsHead)
	for _, kind := range []struct {
		name, what string
		subjects   map[string]*rbac.Subject
	}{
		{"users", "by user; a service account is system:serviceaccount:NAMESPACE:NAME", read.Users},
		{"groups", "by group", read.Groups},
	} {
		fmt.Fprintf(&text, "\n# METADATA\n# description: %s\n%s := {", kind.what, kind.name)
		for _, subject := range slices.Sorted(maps.Keys(kind.subjects)) {
			line, err := json.Marshal(map[string]*rbac.Subject{subject: kind.subjects[subject]})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", grantsData, err)
			}
			fmt.Fprintf(&text, "\n\t%s,", line[1:len(line)-1])
		}
		text.WriteString("\n}\n")
	}
	formatted, err := format.SourceWithOpts(grantsModule, text.Bytes(), format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", grantsModule, err)
	}
	return formatted, nil
}

const grantsHead = `# METADATA
# title: grants
# description: |
#   Who may use which policy: "cluster" lists policies for every namespace, "namespaces" lists
#   them by namespace, and ["*"] is every policy.
package lib.psp.grants
`

// asV0 makes a module one that is read in the same way by an engine for the Rego before v1.
func asV0(module []byte) ([]byte, error) {
	parsed, err := ast.ParseModuleWithOpts("module", string(module), ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, err
	}
	lines := bytes.SplitAfter(module, []byte("\n"))
	at := parsed.Package.Location.Row
	return bytes.Join(slices.Insert(lines, at, []byte("\nimport future.keywords\n")), nil), nil
}
