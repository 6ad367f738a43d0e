// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/compare"
	"psp2rego/verify/e2e/processes"
	"psp2rego/verify/e2e/stack"
)

// world is what the tests share: both clusters. Tests run one after another, because policies and bindings are the whole cluster's.
type world struct {
	group    *processes.Group
	programs clusters.Programs
	old, new *side
	stack    *stack.Stack
	dialect  string
	states   int

	gatekeeping bool // Gatekeeper validates
	liveRBAC    bool // by the roles and bindings that it reads itself
	gatekeeper  *stack.Gatekeeper
}

// side is one cluster: front judges pods, and back stores them as they are.
type side struct {
	*clusters.Cluster
	front, back *clusters.Server
	accountless *clusters.Server // judges pods without service accounts; nil until somebody asks for it
	plugins     clusters.Plugins
	made        map[string]bool // NAMESPACE/ACCOUNT
}

var shared *world

var bin = flag.String("bin", "../../bin", "folder of the programs")

// accounts are the service accounts that there are, by namespace.
var accounts = map[string][]string{
	"default": {"default", "builder", "robot"}, "kube-system": {"default", "builder", "robot", "replicaset-controller"}, "monitoring": {"default"},
	"shop": {"default"}, "team-a": {"default", "builder", "robot"}, "team-a-b": {"default", "builder", "robot"},
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// run starts both clusters and runs the tests. What was started is ended whatever happens; after a failure the logs stay.
func run(m *testing.M) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	group, err := processes.NewGroup()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ended := make(chan struct{})
	defer func() {
		close(ended)
		err := group.Close(code != 0)
		if code != 0 {
			fmt.Fprintln(os.Stderr, "the logs are in", group.Dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	go func() {
		select {
		case <-ctx.Done(): // the tests do not know
			_ = group.Close(true)
			fmt.Fprintln(os.Stderr, "interrupted; the logs are in", group.Dir)
			os.Exit(2)
		case <-ended:
		}
	}()
	if shared, err = newWorld(ctx, group); err != nil {
		fmt.Fprintln(os.Stderr, "NOT TESTED:", err)
		return 2
	}
	if code := m.Run(); code != 0 || partial() {
		return code
	}
	for _, name := range compare.Names() {
		fmt.Printf("known difference %s: %d times\n", name, hits[name])
		if hits[name] == 0 {
			fmt.Fprintln(os.Stderr, "a known difference that never came up is none: take it out of verify/e2e/compare/known.go")
			return 1
		}
	}
	return 0
}

// partial says that not all tests were run.
func partial() bool {
	for _, name := range []string{"test.run", "test.skip", "test.bench"} {
		if flag.Lookup(name).Value.String() != "" {
			return true
		}
	}
	return false
}

// startup bounds what is waited for another process.
const startup = 10 * time.Minute

func newWorld(ctx context.Context, group *processes.Group) (*world, error) {
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	bin, err := filepath.Abs(*bin)
	if err != nil {
		return nil, err
	}
	w := &world{group: group, programs: clusters.ProgramsIn(bin)}
	p := w.programs
	if err := p.Check(p.Etcd, p.Old, p.New, p.OPA, p.Gatekeeper, p.PSP2Rego); err != nil {
		return nil, err
	}
	w.old = &side{plugins: clusters.PSP, made: map[string]bool{}}
	w.new = &side{made: map[string]bool{}}
	begun := make(chan error, 2)
	go func() {
		var err error
		if w.old.Cluster, err = clusters.Old(ctx, group, p); err == nil {
			err = w.old.start(ctx, clusters.Plugins{}.NoAccounts())
		}
		begun <- err
	}()
	go func() {
		var err error
		if w.new.Cluster, err = clusters.New(ctx, group, p); err == nil {
			err = w.new.start(ctx, clusters.NoWebhooks.NoAccounts())
		}
		begun <- err
	}()
	return w, errors.Join(<-begun, <-begun)
}

func (s *side) start(ctx context.Context, back clusters.Plugins) error {
	var err error
	if s.back, err = s.Server(ctx, back); err != nil {
		return err
	}
	if s.front, err = s.Server(ctx, s.plugins); err != nil {
		return err
	}
	return s.Prepare(ctx, s.back, accounts)
}

// judge is the API server that judges pods with or without service accounts.
func (s *side) judge(ctx context.Context, withAccounts bool) (*clusters.Server, error) {
	if withAccounts {
		return s.front, nil
	}
	var err error
	if s.accountless == nil {
		s.accountless, err = s.Server(ctx, s.plugins.NoAccounts())
	}
	return s.accountless, err
}

// within bounds what waits for another process.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	t.Cleanup(cancel)
	return ctx
}

// hold makes both clusters hold these policies, roles and bindings, and comes back when both judge by them. It gives what one of the API servers does not
// take: the other one is not given it either.
func (w *world) hold(t testing.TB, dialect string, objects []json.RawMessage) (refused []clusters.Refused) {
	t.Helper()
	ctx := within(t)
	w.states++
	sentinel := clusters.NewSentinel(w.states)
	objects = append(append([]json.RawMessage(nil), objects...), sentinel.Objects()...)
	refused, err := w.old.Apply(ctx, w.old.back, objects)
	if err != nil {
		t.Fatal(err)
	}
	policies, err := w.old.back.Policies(ctx)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := clusters.WithoutPolicies(objects, refused)
	if err != nil {
		t.Fatal(err)
	}
	further, err := w.new.Apply(ctx, w.new.back, accepted)
	if err != nil || len(further) > 0 {
		t.Fatalf("the new API server does not take what the old one took: %v %v", err, further)
	}
	w.serve(t, dialect, policies)
	for _, s := range []*side{w.old, w.new} {
		for _, server := range []*clusters.Server{s.front, s.accountless} {
			if server == nil {
				continue
			}
			if err := sentinel.Await(ctx, server); err != nil {
				t.Fatal(err)
			}
		}
	}
	return refused
}

// serve has the new cluster judge by these policies.
func (w *world) serve(t testing.TB, dialect string, policies json.RawMessage) {
	t.Helper()
	ctx := within(t)
	var err error
	if w.stack != nil && w.dialect == dialect {
		err = w.stack.SetPolicies(policies)
	} else {
		if w.stack != nil {
			if w.gatekeeper != nil {
				if err := w.gatekeeper.Close(ctx); err != nil {
					t.Fatal(err)
				}
				w.gatekeeper = nil
			}
			if err := w.stack.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
		w.dialect = dialect
		w.stack, err = stack.Start(ctx, w.group, w.programs, w.new.Cluster, w.new.front, w.new.back, fmt.Sprintf("stack-%d", w.states), dialect,
			policies)
	}
	if err == nil && w.gatekeeping {
		err = w.gatekeep(ctx, policies)
	}
	if err != nil {
		t.Fatal(err)
	}
}
