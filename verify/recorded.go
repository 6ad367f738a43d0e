// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"psp2rego/verify/protocol"
)

// Recorded is what one side said to a case, in a form to be read: changes instead of whole pods.
type Recorded struct {
	Mutate   *RecordedVerdict `json:"mutate,omitempty"`
	Validate *RecordedVerdict `json:"validate,omitempty"`
	// APIErrors are what API validation has against a pod that native admitted.
	APIErrors []string `json:"apiErrors,omitempty"`
}

// RecordedVerdict is a verdict. One that has Unhandled set is that of a request which the side
// leaves to others.
type RecordedVerdict struct {
	Unhandled bool              `json:"unhandled,omitempty"`
	Allowed   bool              `json:"allowed"`
	Policy    string            `json:"policy,omitempty"`
	Message   string            `json:"message,omitempty"`
	Audit     map[string]string `json:"audit,omitempty"`
	// Changes are the paths that differ after the phase, each with its value in JSON.
	Changes []string `json:"changes,omitempty"`
	Fault   string   `json:"fault,omitempty"`
}

func record(v *Verdict, prepared *protocol.Request) *RecordedVerdict {
	if v == nil {
		return nil
	}
	r := &RecordedVerdict{
		Unhandled: !v.Handled && v.Fault == "", Allowed: v.Allowed, Policy: v.Policy, Message: v.Message, Fault: v.Fault,
	}
	if len(v.Audit) > 0 {
		r.Audit = v.Audit
	}
	if len(v.Object) > 0 && prepared != nil {
		before, err := decode(prepared.Object)
		if err != nil {
			return r
		}
		after, err := decode(v.Object)
		if err != nil {
			return r
		}
		r.Changes = changes("", before, after)
	}
	return r
}

// changes lists what has to be done to a document to get another: "add", "replace" or "remove", a
// path, a value.
func changes(path string, before, after any) []string {
	switch x := before.(type) {
	case map[string]any:
		if y, ok := after.(map[string]any); ok {
			return memberChanges(path, x, y)
		}
	case []any:
		if y, ok := after.([]any); ok && len(x) == len(y) {
			var list []string
			for i := range x {
				list = append(list, changes(fmt.Sprintf("%s/%d", path, i), x[i], y[i])...)
			}
			return list
		}
	}
	if differs(path, before, after) == "" {
		return nil
	}
	return []string{"replace " + path + ": " + compact(after)}
}

func memberChanges(path string, before, after map[string]any) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
	slices.Sort(keys)
	var list []string
	for _, key := range slices.Compact(keys) {
		here := path + "/" + key
		old, was := before[key]
		now, is := after[key]
		switch {
		case !was:
			list = append(list, "add "+here+": "+compact(now))
		case !is:
			list = append(list, "remove "+here)
		default:
			list = append(list, changes(here, old, now)...)
		}
	}
	return list
}

func compact(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
