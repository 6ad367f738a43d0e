// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"psp2rego/verify"
	"psp2rego/verify/protocol"
)

// answers is the module that puts cases to the bundle.
//
//go:embed answers_test.rego
var answers []byte

// reviewOf is the AdmissionReview of a request, as the tests make it.
func reviewOf(request *protocol.Request) (map[string]any, error) {
	body, err := requestOf(request)
	if err != nil {
		return nil, err
	}
	body["uid"], body["kind"], body["resource"] = "recorded", request.Kind, request.Resource
	return map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": body}, nil
}

// requestOf is what a case tells of a request: all that is not the same in each.
func requestOf(request *protocol.Request) (map[string]any, error) {
	body := map[string]any{"operation": request.Operation, "namespace": request.Namespace, "userInfo": request.UserInfo}
	for key, document := range map[string]json.RawMessage{"object": request.Object, "oldObject": request.OldObject} {
		if len(document) == 0 {
			continue
		}
		value, err := decode(document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		body[key] = value
	}
	return body, nil
}

func decode(data json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	return value, err
}

// writes are the members of the pod that native's first phase changed, as a JSON merge patch; nil if it did not.
func writes(request *protocol.Request, v *verify.Verdict) (json.RawMessage, error) {
	if len(v.Object) == 0 {
		return nil, nil
	}
	patch, err := jsonpatch.CreateMergePatch(request.Object, v.Object)
	if err != nil || string(patch) == "{}" {
		return nil, err
	}
	return patch, nil
}

// unencoded is the pod that native leaves of a raw one, with the members that native's encoding left out for being empty: it never
// takes one away. Lists are taken as they are encoded.
func unencoded(raw, encoded json.RawMessage) (json.RawMessage, error) {
	if len(encoded) == 0 {
		return nil, nil
	}
	before, err := decode(raw)
	if err != nil {
		return nil, err
	}
	after, err := decode(encoded)
	if err != nil {
		return nil, err
	}
	return json.Marshal(completed(before, after))
}

// completed is after with the members of before that it lacks.
func completed(before, after any) any {
	b, okB := before.(map[string]any)
	a, okA := after.(map[string]any)
	if !okA || !okB {
		return after
	}
	for key, member := range b {
		if _, there := a[key]; there {
			a[key] = completed(member, a[key])
		} else {
			a[key] = member
		}
	}
	return a
}

// verdictOf is a verdict in the words of the cases.
func verdictOf(v *verify.Verdict, blocks []string, writes json.RawMessage) (map[string]any, error) {
	said := map[string]any{"allowed": v.Allowed}
	head, _, list := strings.Cut(v.Message, ": [")
	switch {
	case v.Allowed && v.Handled:
		said["policy"] = v.Policy
	case !v.Allowed:
		said["message"] = head
		if list {
			said["violations"] = slices.Sorted(slices.Values(blocks))
			if blocks == nil {
				said["violations"] = []string{}
			}
		}
	}
	if len(writes) > 0 {
		value, err := decode(writes)
		if err != nil {
			return nil, err
		}
		said["writes"] = value
	}
	return said, nil
}

// caseOf is a case as it is written.
func caseOf(c *candidate) (map[string]any, error) {
	request, err := requestOf(c.asked)
	if err != nil {
		return nil, err
	}
	changed, err := writes(c.asked, c.mutate)
	if err != nil {
		return nil, err
	}
	mutate, err := verdictOf(c.mutate, c.mutateBlocks, changed)
	if err != nil {
		return nil, err
	}
	validate, err := verdictOf(c.validate, c.validateBlocks, nil)
	return map[string]any{"request": request, "mutate": mutate, "validate": validate}, err
}

// module puts cases, and a test for each, below what a module begins with, in OPA's format. grants is what they are granted.
func module(head, grants string, chosen []*candidate) ([]byte, error) {
	var text bytes.Buffer
	text.WriteString(head)
	for _, c := range chosen {
		written, err := caseOf(c)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(written)
		if err != nil {
			return nil, err
		}
		value, err := decode(data)
		if err != nil {
			return nil, err
		}
		text.WriteString("\n")
		if c.comment != "" {
			fmt.Fprintf(&text, "# %s\n", c.comment)
		}
		fmt.Fprintf(&text, "test_%s if tests.agrees(%[1]s, %s)\n\n%[1]s := ", c.name, grants)
		if err := literal(&text, value, 1); err != nil {
			return nil, err
		}
		text.WriteString("\n")
	}
	// JSON lets byte order marks stand in strings, Rego nowhere
	source := bytes.ReplaceAll(text.Bytes(), []byte("\ufeff"), []byte(`\ufeff`))
	return format.SourceWithOpts("cases", source, format.Opts{RegoVersion: ast.RegoV1})
}

// wide is how long a line may become.
const wide = 120

// literal writes a JSON value as Rego: on one line if it is short, else a line for each of its members.
func literal(w *bytes.Buffer, value any, depth int) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	object, isObject := value.(map[string]any)
	list, isList := value.([]any)
	if len(data)+4*depth <= wide || !isObject && !isList || len(object)+len(list) == 0 {
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		err := encoder.Encode(value)
		w.Write(bytes.TrimSpace(line.Bytes()))
		return err
	}
	indent := strings.Repeat("\t", depth)
	if isList {
		w.WriteString("[\n")
		for _, item := range list {
			w.WriteString(indent)
			if err := literal(w, item, depth+1); err != nil {
				return err
			}
			w.WriteString(",\n")
		}
		w.WriteString(indent[1:] + "]")
		return nil
	}
	w.WriteString("{\n")
	for _, key := range slices.Sorted(maps.Keys(object)) {
		w.WriteString(indent + quote(key) + ": ")
		if err := literal(w, object[key], depth+1); err != nil {
			return err
		}
		w.WriteString(",\n")
	}
	w.WriteString(indent[1:] + "}")
	return nil
}

// quote writes a string as a JSON string on one line, which is a Rego string and safe in a comment.
func quote(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(data)
}
