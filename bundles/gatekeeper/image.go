// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
)

// Wrote says whether a folder is one that Build made.
func Wrote(folder *opa.Bundle) bool {
	return find(folder, TemplateFile) != nil && find(folder, kustomizeFile) != nil
}

func find(folder *opa.Bundle, path string) *translate.File {
	at := slices.IndexFunc(folder.Files, func(f translate.File) bool { return f.Path == path })
	if at < 0 {
		return nil
	}
	return &folder.Files[at]
}

// Image gives what a folder has for a cluster, edited perhaps: its kustomization, and what that names, which has to stand beside it, with names that Kubernetes
// and Gatekeeper take. Its revision is that of the whole folder as it is.
func Image(folder *opa.Bundle) (*opa.Bundle, error) {
	packed, err := folder.Repack()
	if err != nil {
		return nil, err
	}
	at := find(folder, kustomizeFile)
	if at == nil {
		return nil, fmt.Errorf("there is no %s", kustomizeFile)
	}
	var named kustomization
	if err := yaml.Unmarshal(at.Data, &named); err != nil {
		return nil, fmt.Errorf("%s: %w", kustomizeFile, err)
	}
	var objects []translate.File
	for _, name := range named.Resources {
		f := find(folder, name)
		if f == nil || strings.Contains(name, "/") {
			return nil, fmt.Errorf("%s: %q is no file beside it", kustomizeFile, name)
		}
		objects = append(objects, *f)
	}
	if err := checkObjects(objects); err != nil {
		return nil, err
	}
	objects = append(objects, *at)
	slices.SortFunc(objects, func(a, b translate.File) int { return strings.Compare(a.Path, b.Path) })
	return &opa.Bundle{Files: objects, Revision: packed.Revision}, nil
}
