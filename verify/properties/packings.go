// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"bytes"
	"encoding/json"
	"slices"

	"sigs.k8s.io/yaml"
)

// packing is a way to hand over objects: the same ones, as documents that look different.
type packing struct {
	name string
	pack func(objects []json.RawMessage) ([][]byte, error)
}

func packings() []packing {
	return []packing{
		{"in the same order, a file each", func(objects []json.RawMessage) ([][]byte, error) { return documents(objects), nil }},
		{"in reverse order", func(objects []json.RawMessage) ([][]byte, error) { return documents(reversed(objects)), nil }},
		{"as one list", func(objects []json.RawMessage) ([][]byte, error) {
			return documents(listOf(objects)), nil
		}},
		{"as lists in a list, from the middle", func(objects []json.RawMessage) ([][]byte, error) {
			half := len(objects) / 2
			return documents(listOf(slices.Concat(listOf(reversed(objects[half:])), listOf(objects[:half])))), nil
		}},
		{"as JSON with other blanks and keys in another order", rewritten(func(value any) ([]byte, error) {
			return json.MarshalIndent(value, "", "\t")
		})},
		{"as YAML", rewritten(func(value any) ([]byte, error) { return yaml.Marshal(value) })},
	}
}

func documents(objects []json.RawMessage) [][]byte {
	all := make([][]byte, len(objects))
	for i, object := range objects {
		all[i] = object
	}
	return all
}

func reversed(objects []json.RawMessage) []json.RawMessage {
	other := slices.Clone(objects)
	slices.Reverse(other)
	return other
}

// listOf is a list of the items; nothing when there are none, for an empty list is no input.
func listOf(items []json.RawMessage) []json.RawMessage {
	if len(items) == 0 {
		return nil
	}
	list := slices.Concat([]byte(`{"apiVersion":"v1","kind":"List","items":[`),
		bytes.Join(documents(items), []byte(",")), []byte("]}"))
	return []json.RawMessage{list}
}

// rewritten decodes every object and writes it anew.
func rewritten(write func(value any) ([]byte, error)) func(objects []json.RawMessage) ([][]byte, error) {
	return func(objects []json.RawMessage) ([][]byte, error) {
		all := make([][]byte, len(objects))
		for i, object := range objects {
			value, err := decode(object)
			if err != nil {
				return nil, err
			}
			if all[i], err = write(value); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
}
