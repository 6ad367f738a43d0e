// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"psp2rego/verify"
)

// careless translates objects that something was done to before.
func careless(t *testing.T, mistake func(object map[string]any)) verify.Translate {
	t.Helper()
	return func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
		changed := make([]json.RawMessage, len(objects))
		for i, data := range objects {
			object, _ := document(t, data).(map[string]any)
			mistake(object)
			changed[i] = written(t, object)
		}
		return translateObjects(ctx, changed, dialect)
	}
}

func document(t *testing.T, data json.RawMessage) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func written(t *testing.T, value any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func spec(object map[string]any) map[string]any {
	spec, _ := object["spec"].(map[string]any)
	return spec
}

func forgetGroups(object map[string]any) {
	if subjects, ok := object["subjects"].([]any); ok {
		object["subjects"] = slices.DeleteFunc(slices.Clone(subjects), func(s any) bool {
			subject, _ := s.(map[string]any)
			return subject["kind"] == "Group"
		})
	}
}

// A mistake of a translator is made as small as it gets, and told by its field. Both engines are the real ones.
func TestMistakesOfATranslatorAreBroughtToThePoint(t *testing.T) {
	for name, tc := range map[string]struct {
		mistake func(object map[string]any)
		harmful bool // whether the pod has hostPID
		want    verify.Difference
		at      verify.Deciding
	}{
		"allows every hostPID": {
			func(object map[string]any) {
				if spec(object) != nil {
					spec(object)["hostPID"] = true
				}
			}, true, verify.Difference{Phase: verify.Mutate, Class: verify.FailOpen},
			verify.Deciding{Where: "pod", Field: "spec.hostPID", Value: "true", Moves: "native", Agree: true},
		},
		"forgets what is added by default": {
			func(object map[string]any) { delete(spec(object), "defaultAddCapabilities") },
			false, verify.Difference{Phase: verify.Mutate, Class: verify.Mutation},
			verify.Deciding{Where: "PodSecurityPolicy restricted", Field: "spec.defaultAddCapabilities[0]", Value: `"NET_RAW"`, Moves: "native", Agree: true},
		},
		"forgets groups": {
			forgetGroups, false, verify.Difference{Phase: verify.Validate, Class: verify.FailClosed},
			verify.Deciding{Where: "requester", Field: "groups[0]", Value: `"developers"`, Moves: "native", Agree: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := verify.ReadCaseFile("testdata/large_case.txtar")
			if err != nil {
				t.Fatal(err)
			}
			if !tc.harmful {
				pod, _ := document(t, c.Request.Object).(map[string]any)
				delete(spec(pod), "hostPID")
				c.Request.Object = written(t, pod)
			}
			judge, err := verify.NewJudge(t.Context(), verify.Options{
				Native: verify.NativeCommand{Path: nativePath(t)}, Translate: careless(t, tc.mistake),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = judge.Close() }()
			d := &verify.Divergence{Difference: tc.want, Objects: c.Objects, Request: c.Request}
			if err := verify.Shrink(t.Context(), judge, d, 5000); err != nil {
				t.Fatal(err)
			}
			text, err := d.CaseFile().Format()
			if err != nil {
				t.Fatal(err)
			}
			if !d.Shrunk.Minimal || d.Shrunk.Parts > d.Shrunk.Of/2 {
				t.Errorf("shrunk %+v:\n%s", d.Shrunk, text)
			}
			if d.Deciding == nil || *d.Deciding != tc.at {
				t.Errorf("deciding field: %+v\n%s", d.Deciding, text)
			}
			nothingCanGo(t, judge, d)
		})
	}
}

// nothingCanGo takes every single object, field and item away, each for itself, and demands that the divergence is gone.
func nothingCanGo(t *testing.T, judge *verify.Judge, d *verify.Divergence) {
	t.Helper()
	tried := 0
	try := func(what string, change func(c *verify.CaseFile)) {
		c, request := d.CaseFile(), *d.Request
		c.Objects, c.Request = slices.Clone(c.Objects), &request
		change(c)
		got, err := judge.Judge(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		tried++
		if slices.ContainsFunc(got.Differences, func(other *verify.Difference) bool { return other.Phase == d.Phase && other.Class == d.Class }) {
			t.Errorf("%s can go", what)
		}
	}
	for i, object := range d.Objects {
		try("an object", func(c *verify.CaseFile) { c.Objects = slices.Delete(c.Objects, i, i+1) })
		for what, smaller := range without(document(t, object)) {
			try(string(object)+what, func(c *verify.CaseFile) { c.Objects[i] = written(t, smaller) })
		}
	}
	for i := range d.Request.UserInfo.Groups {
		try("a group", func(c *verify.CaseFile) {
			c.Request.UserInfo.Groups = slices.Delete(slices.Clone(c.Request.UserInfo.Groups), i, i+1)
		})
	}
	for what, smaller := range without(document(t, d.Request.Object)) {
		try("pod"+what, func(c *verify.CaseFile) { c.Request.Object = written(t, smaller) })
	}
	if len(d.Request.OldObject) > 0 {
		for what, smaller := range without(document(t, d.Request.OldObject)) {
			try("stored pod"+what, func(c *verify.CaseFile) { c.Request.OldObject = written(t, smaller) })
		}
	}
	if tried < 5 {
		t.Errorf("only %d parts were taken away", tried)
	}
}

// without are all documents that lack one field or item, by its path.
func without(node any) map[string]any {
	all := map[string]any{}
	switch n := node.(type) {
	case map[string]any:
		for key, value := range n {
			smaller := maps.Clone(n)
			delete(smaller, key)
			all["."+key] = smaller
			for path, below := range without(value) {
				changed := maps.Clone(n)
				changed[key] = below
				all["."+key+path] = changed
			}
		}
	case []any:
		for i, value := range n {
			step := "[" + string(rune('0'+i)) + "]"
			all[step] = slices.Delete(slices.Clone(n), i, i+1)
			for path, below := range without(value) {
				changed := slices.Clone(n)
				changed[i] = below
				all[step+path] = changed
			}
		}
	}
	return all
}
