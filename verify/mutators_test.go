// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"testing"

	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

// What native notes in the pod is put back to what was sent, and nothing else.
func TestNotedKeepsTheAnnotationAsItWasSent(t *testing.T) {
	for name, tc := range map[string]struct{ native, sent, want string }{
		"none sent":   {`{"metadata":{"annotations":{"kubernetes.io/psp":"a"}},"n":9007199254740993}`, `{}`, `{"metadata":{},"n":9007199254740993}`},
		"another one": {`{"metadata":{"annotations":{"kubernetes.io/psp":"a","x":"y"}}}`, `{"metadata":{"annotations":{"kubernetes.io/psp":""}}}`, `{"metadata":{"annotations":{"kubernetes.io/psp":"","x":"y"}}}`},
		"others":      {`{"metadata":{"annotations":{"kubernetes.io/psp":"a","x":"y"}}}`, `{"metadata":{"annotations":{"x":"z"}}}`, `{"metadata":{"annotations":{"x":"y"}}}`},
	} {
		got, err := noted([]byte(tc.native), []byte(tc.sent))
		if err != nil || string(got) != tc.want {
			t.Errorf("%s: %s %v, want %s", name, got, err, tc.want)
		}
	}
	for _, native := range []string{`[]`, `{}`, `{"metadata":{}}`} {
		if got, err := noted([]byte(native), []byte(`{}`)); err == nil {
			t.Errorf("%s: %s", native, got)
		}
	}
}

func TestPodsWithoutContainersAreThoseWhoseListIsNull(t *testing.T) {
	for pod, want := range map[string]bool{
		`{"spec":{"containers":null}}`: true, `{"spec":{}}`: true, `{}`: true,
		`{"spec":{"containers":[]}}`: false, `{"spec":{"containers":[{}]}}`: false, `[]`: false,
	} {
		if got := noContainers().Matches(&protocol.Request{Object: []byte(pod)}); got != want {
			t.Errorf("%s: %t", pod, got)
		}
	}
}

// On 1.24 the API server writes the seccomp annotation that native writes, so that the stored pods are equal; on
// a newer one profiles are compared by what they come to.
func TestStoredPodsAreComparedAsTheirServerKeepsThem(t *testing.T) {
	const (
		plain     = `{"metadata":{},"spec":{"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}}}}`
		annotated = `{"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"runtime/default"}},"spec":{"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}}}}`
		other     = `{"metadata":{},"spec":{"securityContext":{"seccompProfile":{"type":"Unconfined"}}}}`
	)
	for _, version := range []server.Version{server.Native, 37} {
		for ours, want := range map[string]bool{plain: true, annotated: true, other: false} {
			a, b := &Verdict{Allowed: true, Object: []byte(annotated)}, &Verdict{Allowed: true, Object: []byte(ours)}
			if err := stored(version, a, b); err != nil {
				t.Fatal(err)
			}
			if class, detail := difference(a, b, nil); (class == "") != want {
				t.Errorf("%s: %s: %s %s", version, ours, class, detail)
			}
		}
	}
}

// What is known of one kind of difference excuses no other.
func TestKnownDifferencesOfMutators(t *testing.T) {
	null, empty := &protocol.Request{Object: []byte(`{"spec":{"containers":null}}`)}, &protocol.Request{Object: []byte(`{"spec":{"containers":[]}}`)}
	o := &outcome{}
	o.take(null, mutates(FailClosed, "fails"), noContainers())
	if o.known != "gatekeeper_pods_without_containers" || len(o.excused) != 1 || len(o.differences) != 0 {
		t.Errorf("%+v", o)
	}
	o = &outcome{}
	o.take(empty, mutates(FailClosed, "fails"), noContainers())
	o.take(null, mutates(Mutation, "differs"))
	o.take(null, mutates(FailOpen, "open"), validationDifferences()...)
	if o.known != "" || len(o.excused) != 0 || len(o.differences) != 3 || o.differences[0].Phase != Mutate || o.differences[0].Class != FailClosed {
		t.Errorf("%+v", o)
	}
}

func TestRequestsForOtherResourcesAreNotPutToMutators(t *testing.T) {
	g := &Gatekeeper{mutators: 1} // asking it would panic: there is no process
	for _, request := range []*protocol.Request{
		{Kind: protocol.PodKind(), Resource: protocol.GroupVersionResource{Version: "v1", Resource: "Pods"}}, {},
	} {
		if verdict, err := g.FillIn(t.Context(), request); verdict != nil || err != nil {
			t.Errorf("%+v %v", verdict, err)
		}
	}
}
