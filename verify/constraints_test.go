// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"testing"

	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

func TestWordingsOfATemplate(t *testing.T) {
	const native = "PodSecurityPolicy: unable to validate pod: [a b c]"
	for name, tc := range map[string]struct {
		native, ours, details, want string
	}{
		"the same":           {native, "[x] " + native, `{"refused":{"p":["a"],"q":["b","c"]}}`, ""},
		"in another order":   {native, "[x] PodSecurityPolicy: unable to validate pod: [b c a]", `{"refused":{"p":["a"],"q":["b","c"]}}`, ""},
		"a policy is silent": {native, "[x] " + native, `{"refused":{"p":["a","b","c"],"q":[]}}`, ""},
		"nothing to say": {
			"PodSecurityPolicy: unable to validate pod: []", "[x] PodSecurityPolicy: unable to validate pod: []", `{"refused":{"p":[]}}`, "",
		},
		"no list":            {"PodSecurityPolicy: no", "[x] PodSecurityPolicy: no", `{}`, ""},
		"another text":       {native, "[x] PodSecurityPolicy: unable to validate pod: [a b d]", `{"refused":{"p":["a"],"q":["b","d"]}}`, "native's message is no order of the bundle's violations"},
		"a block is torn":    {native, "[x] PodSecurityPolicy: unable to validate pod: [b a c]", `{"refused":{"p":["a"],"q":["b","c"]}}`, "the bundle's message is not what its explanation says"},
		"another beginning":  {native, "[x] PodSecurityPolicy: unable to admit pod: [a b c]", `{"refused":{"p":["a","b","c"]}}`, "the messages differ"},
		"no constraint":      {native, native, `{"refused":{"p":["a","b","c"]}}`, "the refusal does not name its constraint"},
		"other details":      {native, "[x] " + native, `{"refused":{"p":["a"]}}`, "the message is not what the violation's details say"},
		"no details":         {native, "[x] " + native, ``, "the message is not what the violation's details say"},
		"details of no form": {native, "[x] " + native, `{"refused":1}`, "the message is not what the violation's details say"},
		"two constraints":    {native, "[x] " + native + "\n[y] no", ``, "the messages differ"},
	} {
		class, detail := wordings(tc.native, &Verdict{Message: tc.ours, blocks: detailedBlocks([]byte(tc.details))})
		if detail != tc.want || (class == "") != (tc.want == "") || class != "" && class != Message {
			t.Errorf("%s: %s %q, want %q", name, class, detail, tc.want)
		}
	}
}

func TestTemplateSaysItsAPIServer(t *testing.T) {
	for text, want := range map[string]server.Version{
		"rego: |\n    package lib.psp.target\n\n    minor := 31\n": 31,
		"rego: |\n    package lib.psp.target\n":                    server.Native,
		"rego: |\n    x := {\"minor := 31\"}\n":                    server.Native,
	} {
		if got := templateServer([][]byte{[]byte("kind: Other\n"), []byte(text)}); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestFloatingNumbersAreThoseThatLoseDigits(t *testing.T) {
	for pod, want := range map[string]bool{
		`{"spec":{"a":9007199254740993}}`:                  true,
		`{"spec":{"a":[{"b":-9223372036854775808}]}}`:      true,
		`{"spec":{"a":9007199254740992,"b":2147483647}}`:   false,
		`{"spec":{"a":"9007199254740993","b":0.5,"c":[]}}`: false,
		``: false,
	} {
		for _, request := range []*protocol.Request{{Object: []byte(pod)}, {OldObject: []byte(pod)}} {
			if got := floatingNumbers().Matches(request); got != want {
				t.Errorf("%s: %t", pod, got)
			}
		}
	}
}

func TestGatekeeperExemptsItself(t *testing.T) {
	account := &protocol.Request{Namespace: "x"}
	account.UserInfo.Username = "system:serviceaccount:gatekeeper-system:gatekeeper-admin"
	other := &protocol.Request{Namespace: "x"}
	other.UserInfo.Username = "system:serviceaccount:gatekeeper-system:default"
	known := ownRequests()
	if !known.Matches(account) || !known.Matches(&protocol.Request{Namespace: "gatekeeper-system"}) || known.Matches(other) {
		t.Error("the exemption is another one")
	}
}

func TestOptionsOfTranslatedTemplates(t *testing.T) {
	if _, err := (Options{Native: NativeCommand{Path: "x"}, Cases: 1, Constraints: true, Templates: []string{"a"}}).complete(); err == nil {
		t.Error("given and translated templates at once")
	}
}
