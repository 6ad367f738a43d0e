// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// manifest is one object and the file it stands in.
type manifest struct {
	file string
	*unstructured.Unstructured
}

// String names the object in errors and notes.
func (m manifest) String() string { return fmt.Sprintf("%s: %s %q", m.file, m.GetKind(), m.GetName()) }

// readManifests reads the objects of files, and of the .yaml, .yml and .json files of folders, in the order
// of the paths and of the names below them. Members of lists count one by one. What has no kind is
// no object, and only counted.
func readManifests(paths []string) (all []manifest, kindless int, err error) {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			extensions := []string{".yaml", ".yml", ".json"}
			if name != path && !slices.Contains(extensions, filepath.Ext(name)) {
				return nil
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			found, without, err := parseManifests(name, data)
			all, kindless = append(all, found...), kindless+without
			return err
		})
		if err != nil {
			return nil, 0, decodeFault("%v", err)
		}
	}
	return all, kindless, nil
}

func parseManifests(file string, data []byte) (all []manifest, kindless int, err error) {
	reader := yamlreader.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for n := 1; ; n++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, kindless, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
		text, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
		if bytes.Equal(text, []byte("null")) {
			continue
		}
		head := struct {
			Kind string `json:"kind"`
		}{}
		if json.Unmarshal(text, &head) != nil || head.Kind == "" {
			kindless++
			continue
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil {
			return nil, 0, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
		if !object.IsList() {
			all = append(all, manifest{file, object})
			continue
		}
		err = object.EachListItem(func(item runtime.Object) error {
			all = append(all, manifest{file, item.(*unstructured.Unstructured)})
			return nil
		})
		if err != nil {
			return nil, 0, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
	}
}
