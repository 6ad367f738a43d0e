// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"strings"

	goyaml "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// toYAML is a JSON document as YAML, with whatever its texts hold and its numbers as they are.
func toYAML(data json.RawMessage) ([]byte, error) {
	value, err := decode(data)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := goyaml.NewEncoder(&out)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	if err := encoder.Encode(plain(value)); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}

// plain turns the numbers of a decoded document into those of Go, where that loses nothing.
func plain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, member := range v {
			m[key] = plain(member)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = plain(item)
		}
		return list
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	}
	return value
}

func splitYAML(data []byte) ([]json.RawMessage, error) {
	var objects []json.RawMessage
	for _, document := range strings.Split("\n"+string(data), "\n---\n") {
		object, err := yaml.YAMLToJSON([]byte(document + "\n")) // the separator took its last newline
		if err != nil {
			return nil, err
		}
		if string(object) != "null" {
			objects = append(objects, object)
		}
	}
	return objects, nil
}
