// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Class says what kind of difference a divergence is, the gravest first.
type Class string

const (
	// FailOpen: the bundle allows what native refuses.
	FailOpen Class = "fail-open"
	// Fault: the bundle gave no answer at all, or one that no API server takes.
	Fault Class = "fault"
	// FailClosed: the bundle refuses what native allows.
	FailClosed Class = "fail-closed"
	// Mutation: both allow, and leave different pods.
	Mutation Class = "mutation"
	// NotMutated: both allow, native changes the pod, and the rules, of another making, leave it as it
	// came.
	NotMutated Class = "not-mutated"
	// Policy: both allow, by different policies, or tell different audit annotations.
	Policy Class = "policy"
	// Message: both refuse, in different words.
	Message Class = "message"
	// Untranslated: there is no bundle for objects that native decides by.
	Untranslated Class = "untranslated"
)

// Classes are all classes, the gravest first.
func Classes() []Class {
	return []Class{FailOpen, Fault, FailClosed, Mutation, NotMutated, Policy, Message, Untranslated}
}

// Effect is what a class comes to for whoever depends on the policies: FailOpen (a pod gets in that
// must not), FailClosed (a pod is kept out that must not be) or Mutation (both decide alike, and
// leave something else behind: another pod, another policy's name, other words).
func (c Class) Effect() Class {
	switch c {
	case FailOpen, FailClosed, Mutation:
		return c
	case Fault, Untranslated: // without an answer an API server refuses (failurePolicy: Fail)
		return FailClosed
	}
	return Mutation // NotMutated, Policy, Message
}

// Difference is the gravest way in which two verdicts on one phase differ.
type Difference struct {
	Phase  Phase  `json:"phase"`
	Class  Class  `json:"class"`
	Detail string `json:"detail"`
}

// Compare tells how ours differs from native; nil when it does not. explanation is what the bundle
// says about the request, by which messages in another order are recognised.
func Compare(phase Phase, native, ours *Verdict, explanation *Explanation) *Difference {
	return compare(phase, native, ours, func() (*Explanation, error) { return explanation, nil })
}

// compare tells how ours differs from native; nil when it does not. Everything is compared:
// allowed, policy, audit annotations, pod, message. explain is asked only when the messages are
// not equal as they stand, because native's policies speak in random order.
func compare(phase Phase, native, ours *Verdict, explain func() (*Explanation, error)) *Difference {
	class, detail := difference(native, ours, explain)
	if class == "" {
		return nil
	}
	return &Difference{Phase: phase, Class: class, Detail: detail}
}

func difference(native, ours *Verdict, explain func() (*Explanation, error)) (Class, string) {
	switch {
	case ours.Fault != "":
		return Fault, ours.Fault
	case native.Allowed != ours.Allowed && ours.Allowed:
		return FailOpen, "native refuses, the bundle allows"
	case native.Allowed != ours.Allowed:
		return FailClosed, "native allows, the bundle refuses"
	case native.partial || ours.partial:
		return "", ""
	case !native.Allowed:
		return message(native.Message, ours.Message, ours.blocks, explain)
	}
	if !native.Handled && (len(ours.Audit) > 0 || len(ours.Patch) > 0) {
		return Policy, fmt.Sprintf("native leaves the request alone, the bundle tells %v and patches %s", ours.Audit, ours.Patch)
	}
	if native.Policy != ours.Policy {
		return Policy, fmt.Sprintf("native chooses %q, the bundle %q", native.Policy, ours.Policy)
	}
	if !maps.Equal(native.Audit, ours.Audit) {
		return Policy, fmt.Sprintf("native's audit annotations are %v, the bundle's %v", native.Audit, ours.Audit)
	}
	a, b := native.Object, ours.Object
	if native.effective != nil && ours.effective != nil {
		a, b = native.effective, ours.effective
	}
	if len(a) > 0 && len(b) > 0 {
		if path := unequal(a, b); path != "" {
			return Mutation, "the pods differ at " + path
		}
	}
	return "", ""
}

// message compares what both sides say; texts are the blocks of ours, if it tells them, else explain gives them.
func message(native, ours string, texts []string, explain func() (*Explanation, error)) (Class, string) {
	if native == ours {
		return "", ""
	}
	nativeHead, _, nativeList := strings.Cut(native, "[")
	oursHead, _, oursList := strings.Cut(ours, "[")
	if nativeHead != oursHead || !nativeList || !oursList || len(native) != len(ours) {
		return Message, "the messages differ"
	}
	if len(texts) == 0 {
		explanation, err := explain()
		if err != nil {
			return Message, err.Error()
		}
		texts = blocks(explanation)
	}
	switch {
	case !joins(ours, texts):
		return Message, "the bundle's message is not what its explanation says"
	case !joins(native, texts):
		return Message, "native's message is no order of the bundle's violations"
	}
	return "", ""
}

// unexplained makes sure that a refusal is what the bundle's own explanation says; the policies may
// speak in any order.
func unexplained(phase Phase, ours *Verdict, explain func() (*Explanation, error)) *Difference {
	if ours.Allowed || !strings.Contains(ours.Message, "[") {
		return nil
	}
	explanation, err := explain()
	switch {
	case err != nil:
		return &Difference{Phase: phase, Class: Message, Detail: err.Error()}
	case !joins(ours.Message, blocks(explanation)):
		return &Difference{Phase: phase, Class: Message, Detail: "the bundle's message is not what its explanation says"}
	}
	return nil
}

// unequal is the path of the first difference between two JSON documents, "" when there is none.
// Numbers are compared by their text: both sides print integers the same way.
func unequal(a, b json.RawMessage) string {
	if bytes.Equal(a, b) {
		return ""
	}
	x, err := decode(a)
	if err != nil {
		return "(native) " + err.Error()
	}
	y, err := decode(b)
	if err != nil {
		return "(bundle) " + err.Error()
	}
	return differs("", x, y)
}

func decode(data json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	return value, err
}

func differs(path string, a, b any) string {
	if reflect.DeepEqual(a, b) {
		return ""
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			return differingKey(path, x, y)
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			for i := range x {
				if p := differs(fmt.Sprintf("%s/%d", path, i), x[i], y[i]); p != "" {
					return p
				}
			}
		}
	}
	return path + "/"
}

func differingKey(path string, x, y map[string]any) string {
	keys := slices.Concat(slices.Collect(maps.Keys(x)), slices.Collect(maps.Keys(y)))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		here := path + "/" + key
		v, inX := x[key]
		w, inY := y[key]
		switch {
		case !inX:
			return here + " (bundle only)"
		case !inY:
			return here + " (native only)"
		}
		if p := differs(here, v, w); p != "" {
			return p
		}
	}
	return path + "/"
}
