// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apiserver/pkg/admission"
)

func TestGreeting(t *testing.T) {
	e := start(t)
	if want := `{"protocol":1,"engine":"kubernetes-podsecuritypolicy","version":"` + kubernetesVersion() + `"}`; e.greeted != want {
		t.Errorf("greeting %s, want %s", e.greeted, want)
	}
}

// Every line that breaks the protocol has an answer that says why, and the next line is
// answered as if nothing had happened.
func TestFaults(t *testing.T) {
	const pods = `"resource":{"group":"","version":"v1","resource":"pods"}`
	e := start(t)
	for _, tc := range []struct{ name, line, want string }{
		{"empty line", ``, `{"id":null,"error":{"kind":"usage","message":"request line: unexpected end of JSON input"}}`},
		{"not JSON", `hello`, `{"id":null,"error":{"kind":"usage","message":"request line: invalid character 'h' looking for beginning of value"}}`},
		{"no id", `{"op":"admit"}`, `{"id":null,"error":{"kind":"usage","message":"request line: id is missing"}}`},
		{"fractional id", `{"id":1.5,"op":"admit"}`, `{"id":0,"error":{"kind":"usage","message":"request line: json: cannot unmarshal number 1.5 into Go struct field envelope.id of type int64"}}`},
		{"unknown op", `{"id":7,"op":"audit"}`, `{"id":7,"error":{"kind":"usage","message":"op: unknown operation \"audit\""}}`},
		{"unknown field", `{"id":7,"op":"admit","requests":{}}`, `{"id":7,"error":{"kind":"usage","message":"request line: unknown field \"requests\""}}`},
		{"unknown field of the request", `{"id":7,"op":"admit","request":{"dryRun":true}}`, `{"id":7,"error":{"kind":"usage","message":"request line: unknown field \"request.dryRun\""}}`},
		{"field in another case", `{"ID":7,"op":"admit"}`, `{"id":null,"error":{"kind":"usage","message":"request line: unknown field \"ID\""}}`},
		{"repeated field", `{"id":7,"op":"admit","op":"validate"}`, `{"id":7,"error":{"kind":"usage","message":"request line: duplicate field \"op\""}}`},
		{"no cluster yet", `{"id":7,"op":"admit","request":{"operation":"CREATE","namespace":"n",` + pods + `,"object":{}}}`, `{"id":7,"error":{"kind":"usage","message":"op \"admit\" before a cluster was set"}}`},
		{"no request", `{"id":7,"op":"prepare"}`, `{"id":7,"error":{"kind":"usage","message":"request: needed by op \"prepare\""}}`},
		{"no cluster in cluster", `{"id":7,"op":"cluster"}`, `{"id":7,"error":{"kind":"usage","message":"cluster: needed by op \"cluster\""}}`},
		{"unknown dialect", `{"id":7,"op":"cluster","cluster":{"dialect":"openshift"}}`, `{"id":7,"error":{"kind":"usage","message":"cluster: unknown dialect \"openshift\""}}`},
		{"unknown operation", `{"id":7,"op":"prepare","request":{"operation":"PATCH",` + pods + `}}`, `{"id":7,"error":{"kind":"usage","message":"request.operation: unknown operation \"PATCH\""}}`},
		{"no resource", `{"id":7,"op":"prepare","request":{"operation":"CREATE"}}`, `{"id":7,"error":{"kind":"usage","message":"request.resource: missing"}}`},
		{"no namespace", `{"id":7,"op":"prepare","request":{"operation":"CREATE",` + pods + `}}`, `{"id":7,"error":{"kind":"usage","message":"request.namespace: missing"}}`},
		{"no object", `{"id":7,"op":"prepare","request":{"operation":"CREATE","namespace":"n",` + pods + `,"object":null}}`, `{"id":7,"error":{"kind":"usage","message":"request.object: missing"}}`},
		{"no old object", `{"id":7,"op":"prepare","request":{"operation":"UPDATE","namespace":"n",` + pods + `,"object":{}}}`, `{"id":7,"error":{"kind":"usage","message":"request.oldObject: missing"}}`},
		{"a list for an object", `{"id":7,"op":"prepare","request":{"operation":"CREATE","namespace":"n",` + pods + `,"object":[]}}`, `{"id":7,"error":{"kind":"decode","message":"object: couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }"}}`},
		{"a pod with a wrong type", `{"id":7,"op":"prepare","request":{"operation":"CREATE","namespace":"n",` + pods + `,"object":{"spec":{"hostPID":"yes"}}}}`, `{"id":7,"error":{"kind":"decode","message":"object: json: cannot unmarshal string into Go struct field PodSpec.spec.hostPID of type bool"}}`},
		{"a pod of another version", `{"id":7,"op":"prepare","request":{"operation":"CREATE","namespace":"n",` + pods + `,"object":{"apiVersion":"__internal","kind":"Pod"}}}`, `{"id":7,"error":{"kind":"decode","message":"object: the API version in the data (__internal) does not match the expected API version (v1)"}}`},
		{"another kind of object", `{"id":7,"op":"prepare","request":{"operation":"CREATE","namespace":"n",` + pods + `,"object":{"apiVersion":"v1","kind":"Service"}}}`, `{"id":7,"error":{"kind":"decode","message":"object: converting (v1.Service) to (core.Pod): unknown conversion"}}`},
		{"a bad old object", `{"id":7,"op":"prepare","request":{"operation":"UPDATE","namespace":"n",` + pods + `,"object":{},"oldObject":{"spec":1}}}`, `{"id":7,"error":{"kind":"decode","message":"oldObject: json: cannot unmarshal number into Go struct field Pod.spec of type v1.PodSpec"}}`},
	} {
		if diff := cmp.Diff(tc.want, e.raw(tc.line)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestFaultsOfAClusterLine(t *testing.T) {
	e := start(t)
	for _, tc := range []struct{ name, objects, want string }{
		{"no version", `{kind: Role}`, `objects[0]: Object 'apiVersion' is missing in '{"kind":"Role"}'`},
		{"unknown kind", `{apiVersion: example.org/v1, kind: Thing}`, `objects[0]: no kind "Thing" is registered for version "example.org/v1" in scheme "pkg/runtime/scheme.go:100"`},
		{"known kind that is no part of it", `{apiVersion: v1, kind: Pod, metadata: {name: p}}`, `objects[0]: a /v1, Kind=Pod is no part of a cluster`},
		{"no name", `{apiVersion: policy/v1beta1, kind: PodSecurityPolicy}`, `objects[0]: PodSecurityPolicy without a name`},
		{"wrong type", `{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: a}, spec: {privileged: 'no!'}}`, `objects[0]: json: cannot unmarshal string into Go struct field PodSecurityPolicySpec.spec.privileged of type bool`},
		{
			"one policy in both groups",
			`{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: a}}, {apiVersion: extensions/v1beta1, kind: PodSecurityPolicy, metadata: {name: a, namespace: x}}`,
			`objects[1]: PodSecurityPolicy//a appears twice`,
		},
	} {
		r := e.ask("cluster", `cluster: {objects: [`+tc.objects+`]}`)
		if got, want := outcome(r), "error: decode: "+tc.want; got != want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, want)
		}
	}
	if got, want := outcome(e.ask("admit", podRequestYAML(t, ``))), `error: usage: op "admit" before a cluster was set`; got != want {
		t.Errorf("after a refused cluster line:\n got %s\nwant %s", got, want)
	}
}

// broken is a plugin that panics.
type broken struct{ admission.Interface }

func (broken) Admit(context.Context, admission.Attributes, admission.ObjectInterfaces) error {
	panic("broken plugin")
}

func TestAPanicIsTheAnswerToOneLine(t *testing.T) {
	s, err := newSession()
	if err != nil {
		t.Fatal(err)
	}
	s.cluster = &cluster{plugin: broken{}}
	e := startSession(t, s)
	if got, want := outcome(e.ask("review", podRequestYAML(t, ``))), "error: internal: panic: broken plugin"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	e.setCluster("", append(policies(t, `{a: {}}`), manifests(t, everyoneUsesAll)...))
	if got, want := outcome(e.ask("review", podRequestYAML(t, ``))), "admit: a\nvalidate: a"; got != want {
		t.Errorf("after the panic: got %s, want %s", got, want)
	}
}

// An answer must not wait in a buffer for the rest of a line that is still being written.
func TestAnswersDoNotWaitForHalfALine(t *testing.T) {
	e := start(t)
	if _, err := io.WriteString(e.in, `{"id":1,"op":"x"}`+"\n"+`{"id":2,`); err != nil {
		t.Fatal(err)
	}
	if got := e.read(); !strings.HasPrefix(got, `{"id":1,`) {
		t.Errorf("first answer %s", got)
	}
	if got := e.raw(`"op":"x"}`); !strings.HasPrefix(got, `{"id":2,`) {
		t.Errorf("second answer %s", got)
	}
}

func TestManyLinesAreAnsweredInOrder(t *testing.T) {
	in := strings.Repeat(`{"id":1,"op":"x"}`+"\n"+`{"id":2,"op":"x"}`+"\n", 500) + `{"id":3,"op":"x"}`
	var out strings.Builder
	if err := serve(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")[1:]
	if len(answers) != 1001 {
		t.Fatalf("%d answers, want 1001", len(answers))
	}
	for i, answer := range answers {
		want := `{"id":` + []string{"1", "2"}[i%2]
		if i == 1000 {
			want = `{"id":3`
		}
		if !strings.HasPrefix(answer, want) {
			t.Fatalf("answer %d is %s, want %s", i, answer, want)
		}
	}
}

func TestALineOf64MiB(t *testing.T) {
	if testing.Short() {
		t.Skip("large")
	}
	e := start(t)
	e.setCluster("", append(policies(t, `{a: {}}`), manifests(t, everyoneUsesAll)...))
	request := podRequestYAML(t, `object: {spec: {containers: [{name: c, image: i, args: [LONG]}]}}`)
	line := `{"id":1,"op":"admit",` + strings.Replace(request[1:], "LONG", strings.Repeat("x", 64<<20), 1)
	if got := e.raw(line); len(got) < 64<<20 || !strings.Contains(got[:200], `"policy":"a"`) {
		t.Errorf("%d bytes: %.200s", len(got), got)
	}
}

func TestLineReader(t *testing.T) {
	lines := newLineReader(io.MultiReader(
		strings.NewReader("short\n\n"), strings.NewReader(strings.Repeat("a", 300<<10)), strings.NewReader("\n"),
		strings.NewReader(strings.Repeat("b", 900<<10)+"\nlast")), 500<<10)
	for _, want := range []struct {
		length int
		err    error
	}{{5, nil}, {0, nil}, {300 << 10, nil}, {0, errLineTooLong}, {4, nil}, {0, io.EOF}} {
		line, err := lines.next()
		if len(line) != want.length || !errors.Is(err, want.err) {
			t.Errorf("got %d bytes, %v; want %d, %v", len(line), err, want.length, want.err)
		}
	}
}

func TestExitStatus(t *testing.T) {
	for _, tc := range []struct {
		args           []string
		stdin          string
		status         int
		stdout, stderr string
	}{
		{nil, ``, 0, `{"protocol":1`, ``},
		{[]string{"--version"}, ``, 0, kubernetesVersion() + "\n", ``},
		{[]string{"--help"}, ``, 0, `Answer, as JSON lines`, ``},
		{[]string{"--frob"}, ``, 2, ``, `flag provided but not defined: -frob`},
		{[]string{"x"}, ``, 2, ``, `psp2rego-native: unexpected argument "x"`},
	} {
		var stdout, stderr strings.Builder
		status := run(tc.args, strings.NewReader(tc.stdin), &stdout, &stderr)
		if status != tc.status || !strings.HasPrefix(stdout.String(), tc.stdout) || !strings.HasPrefix(stderr.String(), tc.stderr) {
			t.Errorf("%q: status %d, stdout %.60q, stderr %q", tc.args, status, stdout.String(), stderr.String())
		}
	}
}
