// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
	yaml "go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/yaml"

	"psp2rego/translate/diagnostic"
)

// convert turns one YAML document into JSON as kubectl does, duplicate keys being errors.
func convert(text []byte) ([]byte, error) {
	if converted, ok := convertPlain(text); ok {
		return converted, nil
	}
	if err := checkAliases(text); err != nil {
		return nil, err
	}
	return kyaml.YAMLToJSONStrict(text)
}

// fromYAML converts the text of a unit, or reports why it cannot.
func (d *decoder) fromYAML(u unit, text []byte) ([]byte, bool) {
	if len(text) > MaxDocumentSize {
		d.tooLarge(u, fmt.Sprintf("this YAML document has %d MiB; at most %d MiB are read", len(text)>>20, MaxDocumentSize>>20),
			"only lists may be larger, as kubectl get -o yaml writes them; -o json works as well")
		return nil, false
	}
	if len(text) > largeDocument {
		d.limits.large.Lock()
		defer d.limits.large.Unlock()
	}
	converted, err := convert(text)
	if err == nil {
		return converted, true
	}
	var duplicates *yamlv2.TypeError
	switch {
	case errors.Is(err, errAliases) || strings.Contains(err.Error(), "excessive aliasing"):
		d.fail(diagnostic.Diagnostic{
			Code: diagnostic.AliasExpansion, Message: errAliases.Error(),
			Hint: "write the values out instead of repeating them with YAML aliases",
		}, u.start)
	case errors.As(err, &duplicates):
		d.seen++
		d.duplicateKeys(u, text, duplicates)
	default:
		d.malformedYAML(u, text, err)
	}
	return nil, false
}

// duplicateKeys reports each key that a mapping holds twice.
func (d *decoder) duplicateKeys(u unit, text []byte, err *yamlv2.TypeError) {
	var root yaml.Node
	found := false
	if yaml.Unmarshal(text, &root) == nil {
		walkDuplicates(&root, "", func(path string, key *yaml.Node) {
			found = true
			line, column := key.Line, key.Column
			d.add(diagnostic.Diagnostic{Code: diagnostic.DuplicateField, Field: path, Message: "this field is given twice"},
				func() diagnostic.Position { return u.linePosition(line, column) })
		})
	}
	if !found {
		for _, message := range err.Errors {
			d.add(diagnostic.Diagnostic{Code: diagnostic.DuplicateField, Message: message}, u.start)
		}
	}
}

// walkDuplicates calls back for each key that stands in its mapping for the second time.
func walkDuplicates(n *yaml.Node, path string, visit func(path string, key *yaml.Node)) {
	switch n.Kind {
	case yaml.DocumentNode:
		for _, c := range n.Content {
			walkDuplicates(c, path, visit)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			walkDuplicates(c, path+"["+strconv.Itoa(i)+"]", visit)
		}
	case yaml.MappingNode:
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			field := strings.TrimPrefix(path+"."+key.Value, ".")
			if seen[key.Value] {
				visit(field, key)
			}
			seen[key.Value] = true
			walkDuplicates(n.Content[i+1], field, visit)
		}
	}
}

// malformedYAML reports text that is no YAML, or none that has a meaning in JSON.
func (d *decoder) malformedYAML(u unit, text []byte, err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	off, hint := u.off, ""
	if n, rest, ok := errorLine(message); ok {
		message = rest
		off += lineOffset(text, n)
	}
	if i := bytes.Index(text, []byte("{{")); i >= 0 {
		off, hint = u.off+i, `this looks like a template; render it first, for instance with "helm template"`
	}
	message, _, _ = strings.Cut(message, "\n")
	where := func() diagnostic.Position {
		pos := u.file.position(off)
		if hint == "" {
			pos.Column = 0 // the parser does not say
		}
		return pos
	}
	d.fail(diagnostic.Diagnostic{Code: diagnostic.MalformedYAML, Message: "malformed YAML: " + message, Hint: hint}, where)
}

var lineOfError = regexp.MustCompile(`^line (\d+): ((?s).*)$`)

// errorLine takes the line number, counting from 1, out of an error of the YAML parser, which counts from 0 or 1
// depending on which of its parts complains.
func errorLine(message string) (n int, rest string, ok bool) {
	m := lineOfError.FindStringSubmatch(message)
	if m == nil {
		return 0, "", false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, "", false
	}
	for _, what := range [...]string{"<document start>", "key", "'-' indicator", "',' or ']'", "',' or '}'", "node content"} {
		if m[2] == "did not find expected "+what {
			n++
		}
	}
	return n, m[2], true
}

// lineOffset is the offset of a line of the text, counting from 1; the last one if there are not so many.
func lineOffset(text []byte, line int) int {
	off := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(text[off:], '\n')
		if i < 0 || off+i+1 == len(text) {
			break
		}
		off += i + 1
	}
	return off
}
