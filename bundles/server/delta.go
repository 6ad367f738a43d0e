// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
)

// patchable are the data files that a delta changes: each holds subjects by name under "users" and "groups". The value is
// where OPA keeps the file's content.
func patchable() map[string]string {
	return map[string]string{"lib/psp/grants/data.json": "/lib/psp/grants", "psp/provenance/data.json": "/psp/provenance"}
}

// operation is one of OPA's patch.json (v1/bundle/bundle.go, type PatchOperation, v1.22.2).
type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"`
}

// delta is the tarball of the delta bundle that leads from one bundle to the next: the next one's manifest, and a patch. It
// is nil if anything changed besides who may use which policy, because OPA patches nothing but data.
func delta(from, to *opa.Bundle) ([]byte, error) {
	if len(from.Files) != len(to.Files) {
		return nil, nil
	}
	var patch []operation
	for i, next := range to.Files {
		before := from.Files[i]
		root, data := patchable()[next.Path]
		switch {
		case before.Path != next.Path:
			return nil, nil
		case i == 0 || bytes.Equal(before.Data, next.Data): // the first is the manifest
		case !data:
			return nil, nil
		default:
			operations, ok, err := difference(root, before.Data, next.Data)
			if err != nil {
				return nil, fmt.Errorf("compare %s: %w", next.Path, err)
			}
			if !ok {
				return nil, nil
			}
			patch = append(patch, operations...)
		}
	}
	if len(patch) == 0 { // OPA takes an empty patch for a bundle without data
		return nil, nil
	}
	text, err := json.Marshal(map[string]any{"data": patch})
	if err != nil {
		return nil, fmt.Errorf("write a patch: %w", err)
	}
	return (&opa.Bundle{Files: []translate.File{to.Files[0], {Path: "patch.json", Data: text}}}).Tarball()
}

// difference lists what to do to the subjects of a data file, sorted. It is not ok if a patch cannot say that.
func difference(root string, before, next []byte) (list []operation, ok bool, err error) {
	var from, to map[string]map[string]json.RawMessage
	if err := json.Unmarshal(before, &from); err != nil {
		return nil, false, err
	}
	if err := json.Unmarshal(next, &to); err != nil {
		return nil, false, err
	}
	if len(from) != len(to) {
		return nil, false, nil
	}
	for kind, subjects := range to {
		old, there := from[kind]
		if !there || old == nil || subjects == nil {
			return nil, false, nil
		}
		for name, value := range subjects {
			if !bytes.Equal(value, old[name]) {
				list = append(list, operation{Op: "upsert", Path: pointer(root, kind, name), Value: value})
			}
		}
		for name := range old {
			if _, there := subjects[name]; !there {
				list = append(list, operation{Op: "remove", Path: pointer(root, kind, name)})
			}
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.Path, b.Path) })
	// OPA trims slashes off a path before it reads it, so that a subject without a name would be all subjects.
	nameless := slices.ContainsFunc(list, func(o operation) bool { return strings.HasSuffix(o.Path, "/") })
	return list, !nameless, nil
}

// pointer is the path of a subject as OPA reads it: cut at slashes, then unescaped as a URL, then as a JSON pointer
// (internal/json/patch/patch.go, v1.22.2).
func pointer(root, kind, name string) string {
	return root + "/" + kind + "/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
}
