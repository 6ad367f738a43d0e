// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// HoldTemplates says whether one of the files, or a file in one of the folders, holds a
// ConstraintTemplate of Gatekeeper. Files that cannot be read as YAML hold none; whoever loads them will say
// what is wrong.
func HoldTemplates(paths []string) (bool, error) {
	texts, err := templateTexts(paths)
	if err != nil {
		return false, err
	}
	for _, text := range texts {
		if !bytes.Contains(text, []byte("ConstraintTemplate")) {
			continue
		}
		objects, err := splitYAML(text)
		if err == nil && slices.ContainsFunc(objects, isTemplate) {
			return true, nil
		}
	}
	return false, nil
}

func isTemplate(object json.RawMessage) bool {
	head := struct {
		Kind  string
		Items []json.RawMessage
	}{}
	if json.Unmarshal(object, &head) != nil {
		return false
	}
	return head.Kind == "ConstraintTemplate" || slices.ContainsFunc(head.Items, isTemplate)
}

// templateTexts are the files, and those of the folders that may hold manifests.
func templateTexts(paths []string) ([][]byte, error) {
	var texts [][]byte
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			manifest := slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
			if err != nil || entry.IsDir() || name != path && !manifest {
				return err
			}
			text, err := os.ReadFile(name)
			texts = append(texts, text)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// mention says whether any of the texts holds the word.
func mention(texts [][]byte, word string) bool {
	return slices.ContainsFunc(texts, func(text []byte) bool { return bytes.Contains(text, []byte(word)) })
}
