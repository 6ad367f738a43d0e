// SPDX-License-Identifier: Apache-2.0

// Package record makes tests that travel with a bundle: cases for `opa test`, recorded from the native evaluator, so that hand
// edits of the policies are checked where there is no evaluator.
package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"psp2rego/verify"
	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// MaxCases bounds Options.Cases. No policy has use for so many.
const MaxCases = 200

// Options say what to record. All but Workers and Progress are needed.
type Options struct {
	Native    verify.NativeCommand
	Translate verify.Translate
	// Bundle is the bundle (.tar.gz) that the tests are for.
	Bundle []byte
	// Objects and Dialect are what the bundle was made of.
	Objects []json.RawMessage
	Dialect string
	// Cases is the largest number of cases for each policy, and for the requesters of the input: between 1 and MaxCases.
	Cases int
	// Workers is the number of policies that are worked on at once; zero means one. It has no influence on the result.
	Workers int
	// Progress is told how many policies are done, from one goroutine at a time.
	Progress func(done, total int)
}

// File is a test module, at its slash-separated path in the bundle.
type File struct {
	Path string
	Data []byte
}

// Result is what was recorded. It is a function of the options.
type Result struct {
	// Files are sorted by path. All are called *_test.rego.
	Files []File
	// Policies are those of the bundle, by name.
	Policies []Policy
}

// Policy says what the cases of one policy test.
type Policy struct {
	Name string
	// Usable is false for a policy that the plugin skips. Such a one has nothing to decide.
	Usable bool
	// Cases is the number of recorded cases, Wanted the number that more would have been of use, given the room.
	Cases, Wanted int
	// Undecided are checks that the policy decides and no case shows deciding.
	Undecided []string
	// Lines is the number of the module's lines that can be executed, and Uncovered are those that no test executes.
	Lines     int
	Uncovered []int
	// Faults is the number of faulty versions of the module that some candidate tells from it, and Told how many of these
	// the cases do.
	Faults, Told int
}

// Complete says whether more cases would show nothing more.
func (p *Policy) Complete() bool { return p.Cases == p.Wanted && len(p.Uncovered) == 0 }

// Tests records cases and proves that the bundle passes them. An error means that there are no tests: the bundle differs from
// native, or somebody could not be asked.
func Tests(ctx context.Context, o Options) (*Result, error) {
	r, err := newRecorder(o)
	if err == nil {
		err = r.all(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return &r.result, nil
}

type recorder struct {
	Options
	given, synthetic *cases.Cluster
	modules          map[string]*ast.Module // of the bundle, by path
	texts            map[string][]byte
	data             map[string]any
	policies         map[string]string // paths of modules, by policy
	opa              *verify.OPA       // the bundle of the synthetic cluster
	mu               sync.Mutex
	done             int
	result           Result
}

func newRecorder(o Options) (*recorder, error) {
	if o.Cases < 1 || o.Cases > MaxCases {
		return nil, fmt.Errorf("%d cases: it has to be between 1 and %d", o.Cases, MaxCases)
	}
	bundle, err := verify.ReadBundle(o.Bundle)
	if err != nil {
		return nil, err
	}
	cluster, err := cases.NewCluster(o.Dialect, o.Objects)
	if err != nil {
		return nil, err
	}
	r := &recorder{Options: o, given: cluster, synthetic: cluster.Synthetic(), modules: map[string]*ast.Module{}, texts: bundle.Modules(), data: bundle.Data()}
	for name, text := range r.texts {
		if r.modules[name], err = ast.ParseModule(name, string(text)); err != nil {
			return nil, err
		}
	}
	r.policies = r.policyPaths()
	names := slices.Sorted(maps.Keys(r.policies))
	r.result.Policies = make([]Policy, len(names))
	for i, name := range names {
		r.result.Policies[i].Name = name
	}
	return r, nil
}

func (r *recorder) all(ctx context.Context) error {
	tarball, err := r.Translate(ctx, r.synthetic.Objects, r.synthetic.Dialect)
	if err != nil {
		return err
	}
	if r.opa, err = verify.LoadBundle(ctx, tarball); err != nil {
		return err
	}
	files := make([]File, len(r.result.Policies))
	err = r.each(ctx, r.synthetic, func(ctx context.Context, native *verify.Native, i int) (err error) {
		files[i], err = r.policy(ctx, native, &r.result.Policies[i])
		return err
	})
	if err != nil {
		return err
	}
	requesters, err := r.requesters(ctx)
	if err != nil {
		return err
	}
	r.result.Files = append(files, requesters, File{testsFolder + "answers_test.rego", answers})
	slices.SortFunc(r.result.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return r.prove(ctx)
}

// each does something for every policy, by its place, several at once, each worker with an evaluator of the cluster of its own.
func (r *recorder) each(ctx context.Context, cluster *cases.Cluster, do func(context.Context, *verify.Native, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan int)
	var workers sync.WaitGroup
	for range max(1, min(r.Workers, len(r.result.Policies))) {
		workers.Go(func() {
			if err := r.work(ctx, cluster, todo, do); err != nil {
				cancel(err)
			}
		})
	}
	for i := range r.result.Policies {
		select {
		case todo <- i:
		case <-ctx.Done():
		}
	}
	close(todo)
	workers.Wait()
	return context.Cause(ctx)
}

// work does policies until there are none left, with an evaluator of its own.
func (r *recorder) work(ctx context.Context, cluster *cases.Cluster, todo <-chan int, do func(context.Context, *verify.Native, int) error) (err error) {
	native, err := r.start(ctx, cluster)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, native.Close()) }()
	for i := range todo {
		if err := do(ctx, native, i); err != nil {
			return fmt.Errorf("policy %q: %w", r.result.Policies[i].Name, err)
		}
		r.mu.Lock()
		r.done++
		if r.Progress != nil {
			r.Progress(r.done, len(r.result.Policies))
		}
		r.mu.Unlock()
	}
	return nil
}

// start starts an evaluator with a cluster.
func (r *recorder) start(ctx context.Context, cluster *cases.Cluster) (*verify.Native, error) {
	native, err := verify.StartNative(ctx, r.Native)
	if err != nil {
		return nil, err
	}
	if err := native.Load(protocol.Cluster{Dialect: cluster.Dialect, Objects: cluster.Objects}, "cluster"); err != nil {
		return nil, errors.Join(err, native.Close())
	}
	return native, nil
}

// policyPaths are the paths of the bundle's policies by their names.
func (r *recorder) policyPaths() map[string]string {
	prefix := ast.MustParseRef("data.lib.psp.policies")
	paths := map[string]string{}
	for name, module := range r.modules {
		if ref := module.Package.Path; len(ref) == len(prefix)+1 && ref.HasPrefix(prefix) {
			if policy, ok := ref[len(prefix)].Value.(ast.String); ok {
				paths[string(policy)] = name
			}
		}
	}
	return paths
}

// testsFolder is where the tests are in the bundle: below a root that it owns.
const testsFolder = "psp/tests/"

// policy records the cases of one policy.
func (r *recorder) policy(ctx context.Context, native *verify.Native, p *Policy) (File, error) {
	subject, err := r.subject(ctx, p.Name)
	if err != nil {
		return File{}, err
	}
	candidates, err := r.candidates(ctx, native, subject)
	if err != nil {
		return File{}, err
	}
	p.Usable = subject.usable
	chosen := choose(candidates, r.Cases, r.checks(p.Name), p)
	for _, c := range chosen {
		if err := c.agree(ctx, native, r.opa); err != nil {
			return File{}, err
		}
	}
	stem := strings.TrimSuffix(path.Base(subject.path), ".rego")
	text, err := policyTests(subject, native.Greeting.Version, chosen)
	return File{testsFolder + "policies/" + stem + "_test.rego", text}, err
}

// checks are those that the policy decides.
func (r *recorder) checks(policy string) []string {
	var checks []string
	for _, d := range r.synthetic.Decisions() {
		if d.Policy == policy {
			checks = append(checks, d.Check)
		}
	}
	return checks
}
