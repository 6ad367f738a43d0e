// SPDX-License-Identifier: Apache-2.0

package live

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPodIsADryRunInTheNameOfItsRequester(t *testing.T) {
	f := newFake(t)
	s := f.open(Options{})
	if !s.Native || s.Version != "v1.24.17" || s.Minor != 24 {
		t.Errorf("the server is %s, minor %d, native %t", s.Version, s.Minor, s.Native)
	}
	asked := creation("default", "default")
	said, err := s.Create(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if !said.Allowed || said.Policy != "p" || len(said.Pod) == 0 || said.Missing != "" {
		t.Errorf("the answer is %+v", said)
	}
	sent := f.since(0)
	if len(sent) != 1 {
		t.Fatalf("%d requests", len(sent))
	}
	r := sent[0]
	if r.method != http.MethodPost || r.path != "/api/v1/namespaces/default/pods" || !slices.Equal(r.query["dryRun"], []string{"All"}) || r.body != string(asked.Object) {
		t.Errorf("asked %+v", r)
	}
	if d := cmp.Diff([]string{"jeff"}, r.header["Impersonate-User"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"devs", "system:authenticated"}, r.header["Impersonate-Group"]); d != "" {
		t.Error(d)
	}
}

// What opening and trying send is read-only, but for questions that nobody stores.
func TestNothingThatIsSentPersists(t *testing.T) {
	f := newFake(t)
	s, err := Open(t.Context(), Options{Config: f.serve()})
	if err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{"default", "empty", "nowhere"} {
		if _, err := s.Create(t.Context(), creation(namespace, "default")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	dry := 0
	for _, r := range f.since(0) {
		switch {
		case r.method == http.MethodGet, r.method == http.MethodPost && r.path == accessReviews:
		case r.method == http.MethodPost && slices.Equal(r.query["dryRun"], []string{"All"}):
			dry++
		default:
			t.Errorf("%s %s %v", r.method, r.path, r.query)
		}
	}
	if dry != 1 {
		t.Errorf("%d dry runs", dry)
	}
}

// Whatever a mistake elsewhere would send, the transport holds it back.
func TestTheTransportHoldsBackWhatWouldPersist(t *testing.T) {
	f := newFake(t)
	s := f.open(Options{})
	for _, tc := range []struct{ method, path string }{
		{http.MethodPost, "/api/v1/namespaces/default/pods"}, {http.MethodPut, "/api/v1/namespaces/default/pods/web"},
		{http.MethodPatch, "/api/v1/namespaces/default/pods/web"}, {http.MethodDelete, "/api/v1/namespaces/default"},
		{http.MethodPost, namespacesPath},
	} {
		_, err := s.call(t.Context(), nil, tc.method, tc.path, nil, map[string]any{})
		if err == nil || !strings.Contains(err.Error(), "would change the cluster") {
			t.Errorf("%s %s: %v", tc.method, tc.path, err)
		}
	}
	if sent := f.since(0); len(sent) > 0 {
		t.Errorf("sent %+v", sent)
	}
}

// waits counts the waiting, and does none.
type waits struct{ flowLimit }

func TestEveryRequestWaitsForItsTurn(t *testing.T) {
	f := newFake(t)
	s, err := Open(t.Context(), Options{Config: f.serve(), Rate: 7})
	if err != nil {
		t.Fatal(err)
	}
	if s.limit.QPS() != 7 {
		t.Errorf("the rate is %v", s.limit.QPS())
	}
	counted := &waits{}
	s.limit = counted
	before := len(f.since(0))
	for range 5 {
		if _, err := s.Create(t.Context(), creation("default", "default")); err != nil {
			t.Fatal(err)
		}
	}
	if sent := len(f.since(before)); sent != 5 || counted.n != 5 {
		t.Errorf("%d requests waited %d times", sent, counted.n)
	}
	standard, err := Open(t.Context(), Options{Config: f.serve()})
	if err != nil || standard.limit.QPS() != DefaultRate {
		t.Errorf("the default rate is %v, %v", standard.limit.QPS(), err)
	}
}

const pspRefusal = `PodSecurityPolicy: unable to admit pod: [spec.hostPID: no]`

// refusal is what an API server says, and what is made of it.
type refusal struct {
	name            string
	judged          bool
	code            int
	reason, message string
	want            Answer
}

func TestWhoRefusedIsTold(t *testing.T) {
	const psp = pspRefusal
	tellsWho(t, []refusal{
		{"the plugin", false, 403, "Forbidden", `pods "web" is forbidden: ` + psp, Answer{Message: psp}},
		{"the plugin, of a quoted name", false, 403, "Forbidden", `pods "a\"b is forbidden: " is forbidden: ` + psp, Answer{Message: psp}},
		{
			"the plugin's second phase", false, 403, "Forbidden", `pods "web" is forbidden: PodSecurityPolicy: unable to validate pod: []`,
			Answer{Message: "PodSecurityPolicy: unable to validate pod: []", InValidation: true},
		},
		{
			"API validation", false, 422, "Invalid", `Pod "web" is invalid: spec.containers: Required value`,
			Answer{Allowed: true, Later: `API validation: Pod "web" is invalid: spec.containers: Required value`},
		},
		{
			"RuntimeClass, which is asked after the plugin", false, 403, "Forbidden", `pods "web" is forbidden: pod rejected: RuntimeClass "x" not found`,
			Answer{Allowed: true, Later: `pod rejected: RuntimeClass "x" not found`},
		},
		{
			"RuntimeClass, which is asked before webhooks", true, 403, "Forbidden", `pods "web" is forbidden: pod rejected: RuntimeClass "x" not found`,
			Answer{Missing: "the API server refuses it for other reasons: pod rejected: RuntimeClass ... not found"},
		},
		{
			"the quota", true, 403, "Forbidden", `pods "web" is forbidden: exceeded quota: q, requested: pods=1`,
			Answer{Allowed: true, Later: "exceeded quota: q, requested: pods=1"},
		},
		{"a pod of this name", true, 409, "AlreadyExists", `pods "web" already exists`, Answer{Allowed: true, Later: `pods "web" already exists`}},
		{
			"RBAC", false, 403, "Forbidden", `pods is forbidden: User "jeff" cannot create resource "pods" in API group "" in the namespace "default"`,
			Answer{Missing: "its requester may not create pods in its namespace, whatever the policies say"},
		},
		{"the decoder", false, 400, "BadRequest", "Pod in version v1 cannot be handled as a Pod", Answer{Missing: "the API server cannot read the pod"}},
		{
			"something else", false, 403, "Forbidden", `pods "web" is forbidden: node "n1" is not allowed to 3 things/more`,
			Answer{Missing: "the API server refuses it for other reasons: node ... is not allowed to ... ..."},
		},
		{
			"a lookup by what is no name", false, 500, "InternalError", `invalid resource name "a%": [may not contain '%']`,
			Answer{Missing: "the API server refuses it for other reasons: invalid resource name ...: [may not contain '%']"},
		},
	})
}

func TestWhichWebhookRefusedIsTold(t *testing.T) {
	const psp = pspRefusal
	tellsWho(t, []refusal{
		{
			"OPA", true, 403, "Forbidden", `admission webhook "podsecuritypolicy.policy.k8s.io" denied the request: ` + psp,
			Answer{Message: psp},
		},
		{
			"Gatekeeper", true, 403, "Forbidden", `admission webhook "validation.gatekeeper.sh" denied the request: [psp] ` + psp,
			Answer{Message: psp},
		},
		{
			"a webhook beside the plugin", false, 403, "Forbidden", `admission webhook "podsecuritypolicy.policy.k8s.io" denied the request: ` + psp,
			Answer{Missing: "webhook podsecuritypolicy.policy.k8s.io refuses it"},
		},
		{
			"another webhook", true, 400, "", `admission webhook "labels.example.com" denied the request: no team "x"`,
			Answer{Missing: "webhook labels.example.com refuses it"},
		},
		{
			"another webhook, which finds the pod invalid", true, 422, "Invalid", `admission webhook "x" denied the request: no team`,
			Answer{Missing: "webhook x refuses it"},
		},
		{
			"another webhook, of something that there is", true, 409, "AlreadyExists", `admission webhook "x" denied the request: there is one`,
			Answer{Missing: "webhook x refuses it"},
		},
		{
			"OPA, with a reason of its own", true, 422, "Invalid", `admission webhook "podsecuritypolicy.policy.k8s.io" denied the request: ` + psp,
			Answer{Message: psp},
		},
	})
}

func tellsWho(t *testing.T, refusals []refusal) {
	t.Helper()
	for _, tc := range refusals {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(t)
			f.policies = !tc.judged
			f.pods = func(w http.ResponseWriter, _ *http.Request) { status(w, tc.code, tc.reason, tc.message) }
			said, err := f.open(Options{}).Create(t.Context(), creation("default", "default"))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(&tc.want, said); d != "" {
				t.Error(d)
			}
		})
	}
}
