// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsMissingIsNotMade(t *testing.T) {
	f := newFake(t)
	s := f.open(Options{})
	if d := cmp.Diff([]string{"default"}, s.Namespaces()); d != "" {
		t.Error(d)
	}
	for _, tc := range []struct{ namespace, account, want string }{
		{"nowhere", "default", noNamespace}, {"leaving", "default", noNamespace}, {"empty", "default", noAccount},
		{"default", "robot", noAccount}, {"empty", "", ""}, {"default", "default", ""},
	} {
		said, err := s.Create(t.Context(), creation(tc.namespace, tc.account))
		if err != nil || said.Missing != tc.want {
			t.Errorf("%s, %s: %q, %v", tc.namespace, tc.account, said.Missing, err)
		}
	}
	if sent := f.since(0); len(sent) != 2 {
		t.Errorf("sent %+v", sent)
	}
}

func TestNamespacesAreMadeAndRemovedWhenAskedFor(t *testing.T) {
	f := newFake(t)
	s := f.open(Options{CreateNamespaces: true})
	if s.Namespaces() != nil {
		t.Errorf("requests are for %v alone", s.Namespaces())
	}
	for _, tc := range []struct{ namespace, account, want string }{
		{"team", "default", ""}, {"team", "robot", ""}, {"team", "robot", ""}, {"default", "robot", noAccount}, {"empty", "default", noAccount},
	} {
		said, err := s.Create(t.Context(), creation(tc.namespace, tc.account))
		if err != nil || said.Missing != tc.want {
			t.Errorf("%s, %s: %q, %v", tc.namespace, tc.account, said.Missing, err)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var made []string
	for _, r := range f.since(0) {
		if r.query["dryRun"] == nil {
			made = append(made, r.method+" "+r.path)
		}
	}
	const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/team/"
	if d := cmp.Diff([]string{
		"POST /api/v1/namespaces", "POST /api/v1/namespaces/team/serviceaccounts", "POST " + rbac + "roles", "POST " + rbac + "rolebindings",
		"POST " + accessReviews, "POST /api/v1/namespaces/team/serviceaccounts", "DELETE /api/v1/namespaces/team",
	}, made); d != "" {
		t.Error(d)
	}
	last := f.since(0)[len(f.since(0))-1]
	if !strings.Contains(last.body, `"preconditions":{"uid":"u-1"}`) {
		t.Errorf("removed by %s", last.body)
	}
	before := len(f.since(0))
	if err := s.Close(t.Context()); err != nil || len(f.since(before)) > 0 {
		t.Errorf("closed twice: %v, sent %v", err, f.since(before))
	}
}

// A run that fails while a namespace is made removes it all the same.
func TestANamespaceThatIsHalfMadeIsRemoved(t *testing.T) {
	f := newFake(t)
	f.instead = func(w http.ResponseWriter, r *http.Request) bool {
		refuse := strings.HasSuffix(r.URL.Path, "/rolebindings")
		if refuse {
			status(w, http.StatusForbidden, "Forbidden", "not for you")
		}
		return refuse
	}
	s := f.open(Options{CreateNamespaces: true})
	_, err := s.Create(t.Context(), creation("team", "default"))
	tell(t, err, "--create-namespaces", "rolebindings", "not for you")
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(f.since(0), func(r request) bool { return r.method == http.MethodDelete }) {
		t.Error("nothing was removed")
	}
}

func TestWhatCannotBeRemovedIsNamed(t *testing.T) {
	f := newFake(t)
	f.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			status(w, http.StatusForbidden, "Forbidden", "not for you")
		}
		return r.Method == http.MethodDelete
	}
	s := f.open(Options{CreateNamespaces: true})
	if _, err := s.Create(t.Context(), creation("team", "default")); err != nil {
		t.Fatal(err)
	}
	tell(t, s.Close(t.Context()), "namespace team", "still there", "not for you")
}

func TestANamespaceOnItsWayOutIsNotTakenOver(t *testing.T) {
	f := newFake(t)
	f.instead = func(w http.ResponseWriter, r *http.Request) bool {
		conflict := r.Method == http.MethodPost && r.URL.Path == namespacesPath
		if conflict {
			status(w, http.StatusConflict, "AlreadyExists", "object is being deleted")
		}
		return conflict
	}
	s := f.open(Options{CreateNamespaces: true})
	for range 3 {
		said, err := s.Create(t.Context(), creation("leaving", "default"))
		if err != nil || said.Missing != leaving {
			t.Errorf("%+v, %v", said, err)
		}
	}
	if sent := f.since(0); len(sent) != 1 {
		t.Errorf("sent %+v", sent)
	}
	if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if slices.ContainsFunc(f.since(0), func(r request) bool { return r.method == http.MethodDelete }) {
		t.Error("somebody else's namespace was removed")
	}
}

// A case may name what no cluster can have. That ends the case, and not the run.
func TestNamesThatNoneCanHave(t *testing.T) {
	f := newFake(t)
	f.instead = func(w http.ResponseWriter, r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		refuse := strings.Contains(string(body), `"name":"No_Name"`)
		if refuse {
			status(w, http.StatusUnprocessableEntity, "Invalid", "metadata.name: Invalid value")
		}
		return refuse
	}
	s := f.open(Options{CreateNamespaces: true})
	for _, tc := range []struct{ namespace, account, want string }{
		{"No_Name", "default", badNamespace}, {"No_Name", "default", badNamespace},
		{"team", "No_Name", badAccount}, {"team", "No_Name", badAccount}, {"team", "robot", ""},
	} {
		said, err := s.Create(t.Context(), creation(tc.namespace, tc.account))
		if err != nil || said.Missing != tc.want {
			t.Errorf("%s, %s: %+v, %v", tc.namespace, tc.account, said, err)
		}
	}
	refused := 0
	for _, r := range f.since(0) {
		if strings.Contains(r.body, `"name":"No_Name"`) {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("names that none can have were sent %d times", refused)
	}
}

// An interrupt while the server stores a namespace does not make the program forget that it is there.
func TestANamespaceThatIsMadeDuringAnInterruptIsRemoved(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.instead = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Path == namespacesPath {
			cancel()
		}
		return false
	}
	s := f.open(Options{CreateNamespaces: true})
	if _, err := s.Create(ctx, creation("team", "default")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if err := s.Close(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, r := range f.since(0) {
		sent = append(sent, r.method+" "+r.path)
	}
	if d := cmp.Diff([]string{"POST /api/v1/namespaces", "DELETE /api/v1/namespaces/team"}, sent); d != "" {
		t.Error(d)
	}
}

func TestNothingIsMadeOnceTheContextHasEnded(t *testing.T) {
	f := newFake(t)
	s := f.open(Options{CreateNamespaces: true})
	s.limit = &flowLimit{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Create(ctx, creation("team", "default")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if sent := f.since(0); len(sent) > 0 {
		t.Errorf("sent %+v", sent)
	}
}

func TestExemptNamespacesAreNeitherPickedNorAsked(t *testing.T) {
	for _, creates := range []bool{false, true} {
		f := newFake(t)
		s := f.open(Options{CreateNamespaces: creates})
		s.Exempt("default", "psp2rego-system")
		if names := s.Namespaces(); len(names) > 0 {
			t.Errorf("picked are %v", names)
		}
		for _, namespace := range []string{"default", "psp2rego-system"} {
			said, err := s.Create(t.Context(), creation(namespace, "default"))
			if err != nil || said.Missing != exempt {
				t.Errorf("%s: %+v, %v", namespace, said, err)
			}
		}
		if sent := f.since(0); len(sent) > 0 {
			t.Errorf("sent %+v", sent)
		}
	}
}
