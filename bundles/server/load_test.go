// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"psp2rego/bundles/opa"
	"psp2rego/bundles/server"
	"psp2rego/bundles/source"
	"psp2rego/rego"
	"psp2rego/translate/manifest"
)

// names is how many policies revisions take turns with. An answer names a revision unambiguously as long as fewer are
// possible at a time.
const names = 10

// state is the input of a revision: user jeff may use the policy with the revision's number, modulo names, and so may anna
// in even and bob in odd ones. Every fifth revision also changes policies.
func state(revision int) string {
	var b strings.Builder
	for i := range names {
		fmt.Fprintf(&b, "---\napiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: p%d}\nspec:\n  volumes: ['*']\n"+
			"  allowPrivilegeEscalation: true\n  privileged: %v\n"+
			"  runAsUser: {rule: RunAsAny}\n  seLinux: {rule: RunAsAny}\n  supplementalGroups: {rule: RunAsAny}\n  fsGroup: {rule: RunAsAny}\n",
			i, revision/5%2 == 0)
	}
	second := "anna"
	if revision%2 == 1 {
		second = "bob"
	}
	fmt.Fprintf(&b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules:\n"+
		"- {verbs: [use], apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [p%d]}\n", revision%names)
	fmt.Fprintf(&b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n"+
		"roleRef: {kind: ClusterRole, name: r, apiGroup: rbac.authorization.k8s.io}\nsubjects:\n"+
		"- {kind: User, name: jeff}\n- {kind: User, name: %s}\n", second)
	return b.String()
}

// judge says what is wrong with a decision about a user that was made while any revision from oldest to newest was active,
// and which revision made it; -1 if the answer does not tell.
func judge(user, phase string, got answer, oldest, newest int) (revision int, err error) {
	granted := func(revision int) bool {
		return user == "jeff" || user == "anna" && revision%2 == 0 || user == "bob" && revision%2 == 1
	}
	named := got.AuditAnnotations[map[string]string{"mutate": "admit-policy", "validate": "validate-policy"}[phase]]
	for revision := oldest; revision <= newest; revision++ {
		switch {
		case !got.Allowed && !granted(revision):
			return -1, nil
		case got.Allowed && granted(revision) && named == fmt.Sprintf("p%d", revision%names):
			return revision, nil
		}
	}
	return -1, fmt.Errorf("%s for %s: allowed %v by %q, with revisions %d to %d: %s", phase, user, got.Allowed, named, oldest, newest, got.Status.Message)
}

// TestTheOracleKnowsWrongAnswers makes sure that the load test can fail.
func TestTheOracleKnowsWrongAnswers(t *testing.T) {
	by := func(policy string) answer {
		return answer{Allowed: true, AuditAnnotations: map[string]string{"validate-policy": policy}}
	}
	for _, tc := range []struct {
		user           string
		got            answer
		oldest, newest int
		right          bool
	}{
		{"jeff", by("p7"), 7, 7, true},
		{"jeff", by("p7"), 6, 7, true},
		{"jeff", by("p7"), 17, 17, true},
		{"jeff", by("p6"), 7, 8, false}, // stale
		{"jeff", by("p9"), 7, 8, false}, // from the future
		{"jeff", by(""), 7, 8, false},
		{"jeff", answer{}, 7, 8, false}, // refused
		{"anna", answer{}, 7, 7, true},
		{"anna", answer{}, 8, 8, false},
		{"anna", answer{}, 7, 8, true},
		{"anna", by("p8"), 7, 8, true},
		{"anna", by("p7"), 7, 8, false}, // the grant of one revision with the user of another
		{"bob", by("p8"), 7, 8, false},
		{"bob", by("p7"), 7, 8, true},
	} {
		if _, err := judge(tc.user, "validate", tc.got, tc.oldest, tc.newest); (err == nil) != tc.right {
			t.Errorf("%v: %v", tc, err)
		}
	}
}

// load is a run of many requests while revisions change.
type load struct {
	p         *process
	total     int64 // how many requests to make at least
	last      int64 // the last revision
	failed    atomic.Bool
	written   atomic.Int64 // the newest revision that may be active
	seen      atomic.Int64 // the newest that made an answer which has arrived
	answered  atomic.Int64
	allowed   atomic.Int64
	revisions sync.Map // those that decided
	progress  chan struct{}
}

// client asks until enough was asked and the last revision was seen, and gives the first thing that went wrong.
func (l *load) client(number int) error {
	users, phases := []string{"jeff", "anna", "jeff", "bob"}, []string{"mutate", "validate"}
	for i := number; ; i++ {
		if l.failed.Load() || l.answered.Load() >= l.total && l.seen.Load() == l.last {
			return nil
		}
		user, phase := users[i%len(users)], phases[i/len(users)%len(phases)]
		oldest := int(l.seen.Load())
		got, err := l.p.ask(phase, user)
		newest := int(l.written.Load())
		if err != nil {
			return fmt.Errorf("after %d requests: no decision: %w", l.answered.Load(), err)
		}
		revision, err := judge(user, phase, got, oldest, newest)
		if err != nil {
			return fmt.Errorf("after %d requests: %w", l.answered.Load(), err)
		}
		l.answered.Add(1)
		if got.Allowed {
			l.allowed.Add(1)
		}
		if revision < 0 {
			continue
		}
		l.revisions.Store(revision, true)
		for seen := l.seen.Load(); int64(revision) > seen; seen = l.seen.Load() {
			l.seen.CompareAndSwap(seen, int64(revision))
		}
		select {
		case l.progress <- struct{}{}:
		default:
		}
	}
}

// TestEveryDecisionIsRightWhileRevisionsChangeUnderLoad edits a file again and again, has the server publish what it says, and
// asks a real OPA meanwhile: not one decision may be missing, or be of a revision that was replaced before the question or not
// yet written at the answer. SERVE_REQUESTS and SERVE_REVISIONS
// say how many at least.
func TestEveryDecisionIsRightWhileRevisionsChangeUnderLoad(t *testing.T) {
	requests, revisions := number(t, "SERVE_REQUESTS", 500), number(t, "SERVE_REVISIONS", 4)
	file := filepath.Join(t.TempDir(), "state.yaml")
	put(t, file, 0)
	s := server.New(server.Options{})
	follow(t, s, file)
	front := httptest.NewServer(s.Handler())
	t.Cleanup(front.Close) // after OPA has ended
	l := &load{p: startOPA(t, services(front.URL, nil, nil), nil), total: int64(requests), last: int64(revisions - 1), progress: make(chan struct{}, 1)}
	for answer, err := l.p.ask("validate", "jeff"); err != nil || !answer.Allowed; { // the first revision is on its way
		answer, err = l.p.ask("validate", "jeff")
	}

	started := time.Now()
	ended := make(chan error, 8)
	for i := range cap(ended) {
		go func() { ended <- l.client(i) }()
	}
	running := cap(ended)
	for running > 0 {
		select {
		case err := <-ended:
			running--
			if err != nil {
				t.Error(err)
				l.failed.Store(true)
			}
		case <-l.progress:
			// The next revision comes when its share of requests was made and the one before was seen.
			at := int(l.written.Load())
			if at+1 < revisions && int(l.seen.Load()) == at && l.answered.Load() >= l.total*int64(at+1)/int64(revisions) {
				l.written.Store(int64(at + 1))
				put(t, file, at+1)
				t.Logf("revision %d after %d requests", at+1, l.answered.Load())
			}
		}
	}
	decided := 0
	l.revisions.Range(func(any, any) bool { decided++; return true })
	if decided != revisions {
		t.Errorf("%d of %d revisions decided", decided, revisions)
	}
	requests = int(l.answered.Load())
	if part := float64(l.allowed.Load()) / float64(requests); part < 0.6 || part > 0.9 { // three of four
		t.Errorf("%.0f %% allowed", part*100)
	}
	got := metrics(t, s)
	t.Logf("%d requests, %d allowed, %d revisions, %s snapshots, %.0f requests/s, 8 clients", requests, l.allowed.Load(), decided,
		got[`psp2rego_bundle_requests_total{answer="snapshot"}`], float64(requests)/time.Since(started).Seconds())
}

// put replaces a file by a revision's state.
func put(t *testing.T, file string, revision int) {
	t.Helper()
	next := file + ".next"
	if err := os.WriteFile(next, []byte(state(revision)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, file); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(variable), strconv.Itoa(otherwise)))
	if err != nil || n < 1 {
		t.Fatalf("%s: not a number: %v", variable, err)
	}
	return n
}

// follow publishes what a file says, until the test ends.
func follow(t *testing.T, s *server.Server, file string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	files := source.Files{Paths: []string{file}, Quiet: 10 * time.Millisecond, Open: func(path string) manifest.Source {
		return manifest.Source{Name: "state.yaml", FS: os.DirFS(filepath.Dir(path)), Path: filepath.Base(path)}
	}}
	go func() {
		ended <- files.Run(ctx, source.NewBuilder(rego.Files, opa.Meta{}), func(r source.Result) error {
			if r.Err != nil {
				return r.Err
			}
			_, err := s.Publish(ctx, r.Bundle)
			return err
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("following %s: %v", file, err)
		}
	})
}
