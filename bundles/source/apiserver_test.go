// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// apiServer is what is needed of an API server, over HTTP: it lists and watches, knows no initial events of watches, as
// servers before 1.27, and can be away.
type apiServer struct {
	t       *testing.T
	front   *httptest.Server
	serves  bool // PodSecurityPolicies
	mu      sync.Mutex
	version int
	objects map[string]map[string]string // by resource and name
	watches map[string][]chan string
	gone    chan struct{} // closed while the server is away
	away    bool
	lists   int
}

func newAPIServer(t *testing.T, serves bool) *apiServer {
	t.Helper()
	s := &apiServer{t: t, serves: serves, objects: map[string]map[string]string{}, watches: map[string][]chan string{}, gone: make(chan struct{})}
	s.front = httptest.NewServer(s)
	t.Cleanup(s.front.Close)
	t.Cleanup(s.leave)
	return s
}

func (s *apiServer) config() *rest.Config { return &rest.Config{Host: s.front.URL, QPS: -1} }

// put creates or replaces an object, given as JSON without metadata.resourceVersion.
func (s *apiServer) put(resource, name, object string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := "MODIFIED"
	if s.objects[resource] == nil {
		s.objects[resource] = map[string]string{}
	}
	if s.objects[resource][name] == "" {
		kind = "ADDED"
	}
	s.version++
	object = strings.Replace(object, `"metadata":{`, fmt.Sprintf(`"metadata":{"resourceVersion":"%d",`, s.version), 1)
	s.objects[resource][name] = object
	s.tell(resource, kind, object)
}

func (s *apiServer) remove(resource, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.tell(resource, "DELETED", s.objects[resource][name])
	delete(s.objects[resource], name)
}

func (s *apiServer) tell(resource, kind, object string) {
	for _, w := range s.watches[resource] {
		w <- fmt.Sprintf(`{"type":%q,"object":%s}`, kind, object)
	}
}

// leave ends all watches and answers nothing any more.
func (s *apiServer) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.away {
		s.away = true
		close(s.gone)
		s.watches = map[string][]chan string{}
	}
}

func (s *apiServer) comeBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = false
	s.gone = make(chan struct{})
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	away, served := s.away, s.serves
	s.mu.Unlock()
	resource := path.Base(r.URL.Path)
	psp := strings.HasPrefix(r.URL.Path, "/apis/policy/v1beta1")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case away:
		refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable")
	case r.URL.Path == "/version":
		fmt.Fprint(w, `{"major":"1","minor":"24"}`)
	case psp && !served:
		refuse(w, http.StatusNotFound, "NotFound")
	case r.URL.Path == "/apis/policy/v1beta1":
		fmt.Fprint(w, `{"kind":"APIResourceList","groupVersion":"policy/v1beta1","resources":[{"name":"poddisruptionbudgets"},{"name":"podsecuritypolicies"}]}`)
	case !psp && !strings.HasPrefix(r.URL.Path, "/apis/rbac.authorization.k8s.io/v1/"):
		refuse(w, http.StatusNotFound, "NotFound")
	case r.URL.Query().Get("sendInitialEvents") != "":
		refuse(w, http.StatusUnprocessableEntity, "Invalid")
	case r.URL.Query().Get("watch") != "":
		s.watch(w, r, resource)
	default:
		s.list(w, resource)
	}
}

func refuse(w http.ResponseWriter, code int, reason string) {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"%[1]s"}`, reason, code)
}

func (s *apiServer) list(w http.ResponseWriter, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	items := []json.RawMessage{}
	for _, object := range s.objects[resource] {
		items = append(items, json.RawMessage(object))
	}
	text, err := json.Marshal(map[string]any{
		"kind": "List", "apiVersion": "v1", "metadata": map[string]any{"resourceVersion": fmt.Sprint(s.version)}, "items": items,
	})
	if err != nil {
		s.t.Error(err)
	}
	_, _ = w.Write(text) // the client may be gone
}

// watch sends events until the client or the server goes. What happened since the list is lost to a client that asks late,
// so a watch from an old version has to list again.
func (s *apiServer) watch(w http.ResponseWriter, r *http.Request, resource string) {
	s.mu.Lock()
	if r.URL.Query().Get("resourceVersion") != fmt.Sprint(s.version) {
		s.mu.Unlock()
		refuse(w, http.StatusGone, "Expired")
		return
	}
	events, gone := make(chan string, 1000), s.gone
	s.watches[resource] = append(s.watches[resource], events)
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	for flush() == nil {
		select {
		case event := <-events:
			fmt.Fprintln(w, event)
		case <-gone:
			return
		case <-r.Context().Done():
			return
		}
	}
}
