// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"psp2rego/verify/protocol"
)

// fake is what is needed of an API server. It keeps every request, and fails the test for one that would persist a pod.
type fake struct {
	t         *testing.T
	version   string
	policies  bool            // serves PodSecurityPolicies
	forbidden map[string]bool // what may not be impersonated
	pods      http.HandlerFunc
	// instead answers everything, if it is set and says so.
	instead func(w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	requests []request
}

type request struct {
	method, path string
	query        map[string][]string
	header       http.Header
	body         string
}

func newFake(t *testing.T) *fake {
	t.Helper()
	return &fake{t: t, version: "v1.24.17", policies: true, pods: echo}
}

// echo stores the pod as it came, by policy p.
func echo(w http.ResponseWriter, r *http.Request) {
	var pod map[string]any
	if err := json.NewDecoder(r.Body).Decode(&pod); err != nil {
		status(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	pod["kind"] = "Pod"
	metadata := pod["metadata"].(map[string]any)
	metadata["annotations"] = map[string]string{policyAnnotation: "p"}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(pod)
}

func status(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message})
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	f.mu.Lock()
	f.requests = append(f.requests, request{r.Method, r.URL.Path, r.URL.Query(), r.Header.Clone(), string(body)})
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case f.instead != nil && f.instead(w, r):
	case r.URL.Path == "/version":
		fmt.Fprintf(w, `{"gitVersion":%q}`, f.version)
	case r.URL.Path == accessReviews:
		var review struct {
			Spec struct{ ResourceAttributes struct{ Resource string } }
		}
		_ = json.Unmarshal(body, &review)
		fmt.Fprintf(w, `{"status":{"allowed":%t}}`, !f.forbidden[review.Spec.ResourceAttributes.Resource])
	case r.URL.Path == "/apis/policy/v1beta1" && f.policies:
		fmt.Fprint(w, `{"resources":[{"name":"podsecuritypolicies"}]}`)
	case r.URL.Path == namespacesPath && r.Method == http.MethodGet && r.URL.Query().Get("continue") == "":
		fmt.Fprint(w, `{"metadata":{"continue":"2"},"items":[{"metadata":{"name":"default"}}]}`)
	case r.URL.Path == namespacesPath && r.Method == http.MethodGet:
		fmt.Fprint(w, `{"items":[{"metadata":{"name":"empty"}},{"metadata":{"name":"leaving","deletionTimestamp":"2026-01-01T00:00:00Z"}}]}`)
	case r.URL.Path == "/api/v1/serviceaccounts":
		fmt.Fprint(w, `{"items":[{"metadata":{"name":"default","namespace":"default"}}]}`)
	case r.URL.Path == namespacesPath && r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"metadata":{"uid":"u-1"}}`)
	case path.Base(r.URL.Path) == "pods" && r.Method == http.MethodPost:
		if r.URL.Query().Get("dryRun") != "All" {
			f.t.Errorf("a pod would be stored: %s %s", r.Method, r.URL)
		}
		f.pods(w, r)
	case r.Method == http.MethodPost, r.Method == http.MethodDelete:
		fmt.Fprint(w, `{}`)
	default:
		status(w, http.StatusNotFound, "NotFound", "the server could not find the requested resource")
	}
}

// since are the requests after the first n.
func (f *fake) since(n int) []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[n:]
}

// serve starts the server, and gives the configuration that leads to it.
func (f *fake) serve() *rest.Config {
	front := httptest.NewServer(f)
	f.t.Cleanup(front.Close)
	return &rest.Config{Host: front.URL}
}

// open reaches the server, and forgets what was asked on the way.
func (f *fake) open(o Options) *Server {
	f.t.Helper()
	o.Config, o.Rate = f.serve(), 1e6
	s, err := Open(f.t.Context(), o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.mu.Lock()
	f.requests = nil
	f.mu.Unlock()
	return s
}

// creation is a request as Fit and an evaluator leave it.
func creation(namespace, account string) *protocol.Request {
	return &protocol.Request{
		Operation: "CREATE", Namespace: namespace, Resource: protocol.Pods(), Kind: protocol.PodKind(),
		UserInfo: protocol.UserInfo{Username: "jeff", Groups: []string{"devs", "system:authenticated"}},
		Object:   json.RawMessage(`{"metadata":{"name":"web"},"spec":{"serviceAccountName":"` + account + `"}}`),
	}
}
