// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestDifferencesAreClassed(t *testing.T) {
	allow := func(policy, object string) *Verdict {
		return &Verdict{
			Handled: true, Allowed: true, Policy: policy, Object: json.RawMessage(object),
			Audit: map[string]string{"admit-policy": policy},
		}
	}
	refuse := func(message string) *Verdict { return &Verdict{Handled: true, Message: message} }
	unhandled := &Verdict{Allowed: true}
	withAudit := allow("p", "")
	withAudit.Audit["validate-policy"] = "p"
	for name, tc := range map[string]struct {
		native, ours *Verdict
		want         Class
	}{
		"equal":                    {allow("p", `{"a":1,"b":[]}`), allow("p", `{"b":[], "a":1}`), ""},
		"ours allows":              {refuse("x"), allow("p", ""), FailOpen},
		"ours refuses":             {allow("p", ""), refuse("x"), FailClosed},
		"other policy":             {allow("p", ""), allow("q", ""), Policy},
		"other audit":              {allow("p", ""), withAudit, Policy},
		"other number":             {allow("p", `{"a":9007199254740993}`), allow("p", `{"a":9007199254740992}`), Mutation},
		"number and text":          {allow("p", `{"a":1}`), allow("p", `{"a":"1"}`), Mutation},
		"null and absent":          {allow("p", `{"a":null}`), allow("p", `{}`), Mutation},
		"empty and absent":         {allow("p", `{"a":[]}`), allow("p", `{}`), Mutation},
		"order of a list":          {allow("p", `{"a":[1,2]}`), allow("p", `{"a":[2,1]}`), Mutation},
		"other words":              {refuse("a"), refuse("b"), Message},
		"other words, same length": {refuse("a: [x y]"), refuse("a: [x z]"), Message},
		"unhandled":                {unhandled, unhandled, ""},
		"unhandled, but audited":   {unhandled, &Verdict{Allowed: true, Audit: map[string]string{"x": "y"}}, Policy},
		"unhandled, but patched":   {unhandled, &Verdict{Allowed: true, Patch: json.RawMessage("[]")}, Policy},
		"fault":                    {refuse("x"), &Verdict{Fault: "undefined"}, Fault},
	} {
		t.Run(name, func(t *testing.T) {
			d := compare(Mutate, tc.native, tc.ours, func() (*Explanation, error) { return &Explanation{}, nil })
			got := Class("")
			if d != nil {
				got = d.Class
			}
			if got != tc.want {
				t.Errorf("got %+v, want %q", d, tc.want)
			}
		})
	}
}

func TestPoliciesMaySpeakInAnyOrder(t *testing.T) {
	explanation := &Explanation{Policies: map[string]PolicyExplanation{}}
	policy := func(name string, usable, authorized bool, violations ...string) {
		explanation.Policies[name] = PolicyExplanation{Usable: usable, Authorized: authorized, Violations: violations}
	}
	policy("a", true, true, "e1", "e2")
	policy("b", true, true, "e1")
	policy("c", true, true, "e1 e2 e3")
	policy("d", false, true, "unusable")
	policy("e", true, false, "unauthorized")
	policy("f", true, true)
	const ours = "PodSecurityPolicy: unable to admit pod: [e1 e2 e1 e1 e2 e3]"
	for native, want := range map[string]bool{
		ours: true,
		"PodSecurityPolicy: unable to admit pod: [e1 e2 e3 e1 e1 e2]":    true,
		"PodSecurityPolicy: unable to admit pod: [e1 e1 e2 e3 e1 e2]":    true,
		"PodSecurityPolicy: unable to admit pod: [e2 e1 e1 e1 e2 e3]":    false, // order within a policy
		"PodSecurityPolicy: unable to admit pod: [e1 e2 e1 e1 e3 e2]":    false,
		"PodSecurityPolicy: unable to validate pod: [e1 e1 e2 e3 e1 e2]": false,
		"PodSecurityPolicy: unable to admit pod: [e1 e2 e1 e1 e2 e3":     false,
		"PodSecurityPolicy: unable to admit pod: [e1 e2 e1 e1 e2]":       false,
	} {
		for _, told := range [][]string{nil, {"e1 e2", "e1", "e1 e2 e3"}} { // by the explanation, or with the refusal
			class, _ := message(native, ours, told, func() (*Explanation, error) { return explanation, nil })
			if (class == "") != want {
				t.Errorf("%s: class %q", native, class)
			}
		}
	}
	// Our own text has to be what our explanation says, else the two entry points disagree.
	class, _ := message("x: [e1 e1 e2 e3 e1 e2]", "x: [e3 e1 e2 e1 e1 e2]", nil, func() (*Explanation, error) { return explanation, nil })
	if class != Message {
		t.Error("a text that is no order of its own violations passes")
	}
	class, _ = message("x: [a b]", "x: [b a]", nil, func() (*Explanation, error) { return nil, errors.New("undefined") })
	if class != Message {
		t.Error("a message passes that nothing explains")
	}
}

func TestManyEqualBlocksAreComparedInTime(t *testing.T) {
	blocks := []string{}
	text := "x: ["
	for range 12 {
		blocks = append(blocks, "e", "e e")
	}
	for range 36 {
		text += "e "
	}
	if !joins(text[:len(text)-1]+"]", blocks) {
		t.Error("equal blocks are not recognised")
	}
}
