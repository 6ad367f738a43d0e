// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"psp2rego/bundles/opa"
	"psp2rego/bundles/source"
	"psp2rego/rego"
	"psp2rego/translate/manifest"
)

const policy = `
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: %s}
spec:
  runAsUser: {rule: RunAsAny}
  seLinux: {rule: RunAsAny}
  supplementalGroups: {rule: RunAsAny}
  fsGroup: {rule: RunAsAny}
`

// open is how the command opens a path.
func open(path string) manifest.Source {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return manifest.Source{Name: filepath.Base(path), FS: os.DirFS(path), Path: "."}
	}
	return manifest.Source{Name: filepath.Base(path), FS: os.DirFS(filepath.Dir(path)), Path: filepath.Base(path)}
}

func builder() *source.Builder { return source.NewBuilder(rego.Files, opa.Meta{Version: "test"}) }

// results runs a source in the background and hands out what it publishes.
type results struct {
	t  *testing.T
	ch chan source.Result
}

func run(t *testing.T, start func(ctx context.Context, publish func(source.Result) error) error) *results {
	t.Helper()
	r := &results{t: t, ch: make(chan source.Result)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- start(ctx, func(result source.Result) error {
			select {
			case r.ch <- result:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the source ended with: %v", err)
		}
	})
	return r
}

func watch(t *testing.T, paths ...string) *results {
	t.Helper()
	files := &source.Files{Paths: paths, Open: open, Quiet: 20 * time.Millisecond}
	return run(t, func(ctx context.Context, publish func(source.Result) error) error {
		return files.Run(ctx, builder(), publish)
	})
}

// until takes results until one is as wanted. The test's own deadline ends it if none ever is.
func (r *results) until(want func(source.Result) bool) source.Result {
	r.t.Helper()
	for {
		select {
		case result := <-r.ch:
			if want(result) {
				return result
			}
		case <-r.t.Context().Done():
			r.t.Fatal("no such result")
		}
	}
}

// has is whether a bundle has exactly these policies.
func has(names ...string) func(source.Result) bool {
	return func(result source.Result) bool {
		if result.Err != nil || result.Policies != len(names) {
			return false
		}
		for _, name := range names {
			found := false
			for _, f := range result.Bundle.Files {
				found = found || f.Path == "lib/psp/policies/"+name+".rego"
			}
			if !found {
				return false
			}
		}
		return true
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	dir := t.TempDir()
	one, folder := filepath.Join(dir, "one.yaml"), filepath.Join(dir, "folder")
	write(t, one, fmt.Sprintf(policy, "a"))
	write(t, filepath.Join(folder, "x.yaml"), fmt.Sprintf(policy, "x"))
	r := watch(t, one, folder)
	r.until(has("a", "x"))

	write(t, one, fmt.Sprintf(policy, "b")) // in place
	r.until(has("b", "x"))
	write(t, filepath.Join(dir, "new"), fmt.Sprintf(policy, "c")) // as editors do
	rename(t, filepath.Join(dir, "new"), one)
	r.until(has("c", "x"))
	write(t, filepath.Join(folder, "deep", "er", "y.yaml"), fmt.Sprintf(policy, "u"))
	r.until(has("c", "x", "u"))
	write(t, filepath.Join(folder, "deep", "er", "y.yaml"), fmt.Sprintf(policy, "z"))
	r.until(has("c", "x", "z"))
	rename(t, folder, filepath.Join(dir, "away"))
	r.until(func(result source.Result) bool { return errors.Is(result.Err, manifest.ErrUnreadable) })
	write(t, filepath.Join(folder, "w.yaml"), fmt.Sprintf(policy, "w"))
	r.until(has("c", "w"))
	write(t, filepath.Join(folder, "w.yaml"), fmt.Sprintf(policy, "v"))
	r.until(has("c", "v"))
}

// TestABrokenEditIsToldAndMakesNoBundle goes from good to broken in every way that there is, and back.
func TestABrokenEditIsToldAndMakesNoBundle(t *testing.T) {
	name := filepath.Join(t.TempDir(), "psp.yaml")
	write(t, name, fmt.Sprintf(policy, "a"))
	r := watch(t, name)
	r.until(has("a"))
	for what, text := range map[string]string{
		"no YAML": "a: [", "unknown field": fmt.Sprintf(policy, "a") + "  privilegd: true\n", "empty": "", "no policy": "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: r, namespace: n}\n",
	} {
		write(t, name, text)
		if result := r.until(func(result source.Result) bool { return result.Err != nil }); result.Bundle != nil {
			t.Errorf("%s: made a bundle", what)
		} else if !result.Diagnostics.HasErrors() {
			t.Errorf("%s: no diagnostics", what)
		}
		write(t, name, fmt.Sprintf(policy, "b"))
		r.until(has("b"))
	}
}

// TestTheInputErrorSaysWhere names the first error with its place.
func TestTheInputErrorSaysWhere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "psp.yaml")
	write(t, name, fmt.Sprintf(policy, "a")+"  privilegd: true\n")
	result := watch(t, name).until(func(result source.Result) bool { return result.Err != nil })
	var input *source.InputError
	if !errors.As(result.Err, &input) || !strings.Contains(result.Err.Error(), "psp.yaml:10:") {
		t.Errorf("%v", result.Err)
	}
}

// TestAMountedConfigMapIsSwappedAsAWhole plays what the kubelet does (pkg/volume/util/atomic_writer.go): a folder of its own
// for each state, and links to them of which one is replaced.
func TestAMountedConfigMapIsSwappedAsAWhole(t *testing.T) {
	dir := t.TempDir()
	state := func(folder string, names ...string) {
		for i, name := range names {
			write(t, filepath.Join(dir, folder, fmt.Sprintf("%d.yaml", i)), fmt.Sprintf(policy, name))
		}
		symlink(t, folder, filepath.Join(dir, "..data_tmp"))
		rename(t, filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data"))
	}
	state("..1", "a", "b")
	for i := range 2 {
		symlink(t, fmt.Sprintf("..data/%d.yaml", i), filepath.Join(dir, fmt.Sprintf("%d.yaml", i)))
	}
	r, alone := watch(t, dir), watch(t, filepath.Join(dir, "1.yaml"))
	r.until(has("a", "b"))
	alone.until(has("b"))
	state("..2", "c", "d") // the folder from before is still there
	r.until(has("c", "d"))
	alone.until(has("d"))
	if err := os.RemoveAll(filepath.Join(dir, "..1")); err != nil {
		t.Fatal(err)
	}
	state("..3", "e", "f")
	r.until(has("e", "f"))
	alone.until(has("f"))
}

// TestALinkOnTheWayIsWatched replaces a link above the file, as deployments and git-sync do.
func TestALinkOnTheWayIsWatched(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "releases", "1", "conf", "psp.yaml"), fmt.Sprintf(policy, "a"))
	write(t, filepath.Join(dir, "releases", "2", "conf", "psp.yaml"), fmt.Sprintf(policy, "b"))
	symlink(t, "releases/1", filepath.Join(dir, "current"))
	r := watch(t, filepath.Join(dir, "current", "conf"))
	r.until(has("a"))
	symlink(t, "releases/2", filepath.Join(dir, "next"))
	rename(t, filepath.Join(dir, "next"), filepath.Join(dir, "current"))
	r.until(has("b"))
	write(t, filepath.Join(dir, "releases", "2", "conf", "psp.yaml"), fmt.Sprintf(policy, "c"))
	r.until(has("c"))
}

// TestRunReturnsWhatPublishReturns lets whoever publishes end the source.
func TestRunReturnsWhatPublishReturns(t *testing.T) {
	name := filepath.Join(t.TempDir(), "psp.yaml")
	write(t, name, fmt.Sprintf(policy, "a"))
	want := errors.New("enough")
	got := (&source.Files{Paths: []string{name}, Open: open}).Run(t.Context(), builder(), func(source.Result) error { return want })
	if !errors.Is(got, want) {
		t.Errorf("got %v", got)
	}
}
