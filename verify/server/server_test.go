// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/server"
)

// pod is a pod with annotations and two containers; each argument is JSON.
func pod(annotations, podContext, container string) json.RawMessage {
	return json.RawMessage(`{"metadata":{"name":"web","annotations":` + annotations + `},"spec":{"securityContext":` + podContext +
		`,"initContainers":[{"name":"i"}],"containers":[{"name":"c","securityContext":` + container + `}]}}`)
}

func equal(t *testing.T, got json.RawMessage, err error, want json.RawMessage) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Error(diff)
	}
}

const (
	runtimeDefault = `{"type":"RuntimeDefault"}`
	seccompOfPod   = `"seccomp.security.alpha.kubernetes.io/pod":`
	appArmorOfC    = `"container.apparmor.security.beta.kubernetes.io/c":`
	appArmorOfI    = `"container.apparmor.security.beta.kubernetes.io/i":`
)

func TestCreateDoesWhatThePodStrategyOfTheVersionDoes(t *testing.T) {
	for _, tc := range []struct {
		name      string
		version   server.Version
		pod, want json.RawMessage
	}{
		{
			"1.26 makes seccomp fields of annotations", 26,
			pod(`{`+seccompOfPod+`"docker/default"}`, `{}`, `{}`),
			pod(`{`+seccompOfPod+`"docker/default"}`, `{"seccompProfile":`+runtimeDefault+`}`, `{}`),
		},
		{
			"1.27 does not", 27,
			pod(`{`+seccompOfPod+`"docker/default"}`, `{}`, `{}`),
			pod(`{`+seccompOfPod+`"docker/default"}`, `{}`, `{}`),
		},
		{"1.32 resets procMount", 32, pod(`{}`, `{}`, `{"procMount":"Unmasked"}`), pod(`{}`, `{}`, `{"procMount":"Default"}`)},
		{"1.33 does not", 33, pod(`{}`, `{}`, `{"procMount":"Unmasked"}`), pod(`{}`, `{}`, `{"procMount":"Unmasked"}`)},
		{
			"1.29 knows no AppArmor fields", 29,
			pod(`{`+appArmorOfC+`"unconfined"}`, `{}`, `{}`), pod(`{`+appArmorOfC+`"unconfined"}`, `{}`, `{}`),
		},
		{
			"1.30 makes AppArmor fields of annotations", 30,
			pod(`{`+appArmorOfC+`"localhost/a",`+appArmorOfI+`"odd"}`, `{}`, `{}`),
			pod(`{`+appArmorOfC+`"localhost/a",`+appArmorOfI+`"odd"}`, `{}`, `{"appArmorProfile":{"type":"Localhost","localhostProfile":"a"}}`),
		},
		{
			"1.33 makes AppArmor annotations of fields", 33,
			pod(`{}`, `{"appArmorProfile":`+runtimeDefault+`}`, `{"appArmorProfile":{"type":"Unconfined"}}`),
			pod(`{`+appArmorOfI+`"runtime/default",`+appArmorOfC+`"unconfined"}`,
				`{"appArmorProfile":`+runtimeDefault+`}`, `{"appArmorProfile":{"type":"Unconfined"}}`),
		},
		{
			"1.34 does not", 34,
			pod(`{}`, `{"appArmorProfile":`+runtimeDefault+`}`, `{}`), pod(`{}`, `{"appArmorProfile":`+runtimeDefault+`}`, `{}`),
		},
		{
			"an annotation that says what the pod's field says makes no field", 34,
			pod(`{`+appArmorOfC+`"runtime/default"}`, `{"appArmorProfile":`+runtimeDefault+`}`, `{}`),
			pod(`{`+appArmorOfC+`"runtime/default"}`, `{"appArmorProfile":`+runtimeDefault+`}`, `{}`),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.version.Create(tc.pod)
			equal(t, got, err, tc.want)
		})
	}
}

func TestStored24HasTheAnnotationThatEveryPolicyWouldWrite(t *testing.T) {
	field := `{"seccompProfile":` + runtimeDefault + `}`
	got, err := server.Stored24(pod(`{}`, field, `{}`))
	equal(t, got, err, pod(`{`+seccompOfPod+`"runtime/default"}`, field, `{}`))
	kept := pod(`{`+seccompOfPod+`"unconfined"}`, field, `{}`)
	got, err = server.Stored24(kept)
	equal(t, got, err, kept)
}

func TestToldNamesTheProfileThatTheServerKeeps(t *testing.T) {
	const pod = "pod.metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: Forbidden: "
	const message = "PodSecurityPolicy: [" + pod + "docker/default is not an allowed seccomp profile. Valid values are docker/default,x]"
	const annotated = `{"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"docker/default"}}}`
	for _, tc := range []struct {
		version           server.Version
		made, asked, want string
	}{
		{server.Native, annotated, `{}`, message},
		{37, annotated, annotated, message},
		{37, `{}`, `{}`, message}, // a default that is not filled in yet
		{37, annotated, `{}`, strings.Replace(message, "docker", "runtime", 1)},
	} {
		if got := tc.version.Told(message, json.RawMessage(tc.made), json.RawMessage(tc.asked)); got != tc.want {
			t.Errorf("%s, %s, %s: %s, want %s", tc.version, tc.made, tc.asked, got, tc.want)
		}
	}
}

func TestAskLeavesOutWhatOnly124Derives(t *testing.T) {
	field := `{"seccompProfile":` + runtimeDefault + `}`
	both := pod(`{"a":"b",`+seccompOfPod+`"runtime/default"}`, field, `{}`)
	got, err := server.Version(29).Ask(both, true)
	equal(t, got, err, pod(`{"a":"b"}`, field, `{}`))
	got, err = server.Version(29).Ask(both, false)
	equal(t, got, err, both)
	for _, kept := range []json.RawMessage{
		pod(`{"a":"b",`+seccompOfPod+`"docker/default"}`, field, `{}`), pod(`{`+seccompOfPod+`""}`, `{}`, `{}`),
	} {
		got, err = server.Version(29).Ask(kept, true)
		equal(t, got, err, kept)
	}
}

// Every way to say an AppArmor profile comes up, and all come to the same.
func TestAskSaysAppArmorProfilesInEveryWay(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		sent := json.RawMessage(`{"metadata":{"name":"` + name + `","annotations":{` + appArmorOfC + `"unconfined",` + appArmorOfI +
			`"unconfined"}},"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"c"}]}}`)
		got, err := server.Version(34).Ask(sent, false)
		if err != nil {
			t.Fatal(err)
		}
		var p struct {
			Metadata struct{ Annotations map[string]string }
			Spec     struct {
				SecurityContext *struct{ AppArmorProfile any }
				Containers      []struct {
					SecurityContext *struct{ AppArmorProfile any }
				}
			}
		}
		if err := json.Unmarshal(got, &p); err != nil {
			t.Fatal(err)
		}
		switch {
		case len(p.Metadata.Annotations) == 2:
			seen["annotations"] = true
		case p.Spec.SecurityContext != nil && p.Spec.SecurityContext.AppArmorProfile != nil:
			seen["pod"] = true
		case p.Spec.Containers[0].SecurityContext != nil && p.Spec.Containers[0].SecurityContext.AppArmorProfile != nil:
			seen["container"] = true
		default:
			t.Errorf("%s: the profile is lost: %s", name, got)
		}
		effective, err := server.Effective(got)
		if err != nil {
			t.Fatal(err)
		}
		want, err := server.Effective(sent)
		equal(t, effective, err, want)
	}
	if len(seen) != 3 {
		t.Errorf("only %v came up", seen)
	}
}

func TestEffectiveTellsProfilesApart(t *testing.T) {
	base, err := server.Effective(pod(`{}`, `{}`, `{}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []json.RawMessage{
		pod(`{`+appArmorOfC+`"unconfined"}`, `{}`, `{}`),
		pod(`{}`, `{"appArmorProfile":`+runtimeDefault+`}`, `{}`),
		pod(`{}`, `{}`, `{"appArmorProfile":{"type":"Unconfined"}}`),
		pod(`{}`, `{"seccompProfile":`+runtimeDefault+`}`, `{}`),
		pod(`{}`, `{}`, `{"seccompProfile":`+runtimeDefault+`}`),
		pod(`{"other":"annotation"}`, `{}`, `{}`),
	} {
		got, err := server.Effective(other)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) == string(base) {
			t.Errorf("%s is the same as no profile at all", other)
		}
	}
}

func TestWhatIsNoObjectStays(t *testing.T) {
	for _, document := range []json.RawMessage{nil, json.RawMessage(`null`), json.RawMessage(`[]`)} {
		got, err := server.Version(36).Create(document)
		if err != nil || string(got) != string(document) {
			t.Errorf("%q became %q, %v", document, got, err)
		}
	}
	if _, err := server.Version(36).Create(json.RawMessage(`{"procMount"`)); err == nil {
		t.Error("broken JSON went through")
	}
}

func TestFor24SaysAppArmorProfilesByAnnotations(t *testing.T) {
	got, err := server.For24(pod(`{}`, `{"appArmorProfile":`+runtimeDefault+`,"fsGroup":1}`, `{"appArmorProfile":{"type":"Unconfined"}}`))
	equal(t, got, err, json.RawMessage(`{"metadata":{"name":"web","annotations":{`+appArmorOfI+`"runtime/default",`+appArmorOfC+`"unconfined"}},`+
		`"spec":{"securityContext":{"fsGroup":1},"initContainers":[{"name":"i"}],"containers":[{"name":"c"}]}}`))
}
