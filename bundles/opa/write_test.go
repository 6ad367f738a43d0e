// SPDX-License-Identifier: Apache-2.0

package opa_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/bundle"

	"psp2rego/bundles/opa"
)

const policyA = "lib/psp/policies/a.rego"

func write(t *testing.T, b *opa.Bundle, dir string) {
	t.Helper()
	if err := b.WriteDir(t.Context(), dir, false); err != nil {
		t.Fatal(err)
	}
}

// tree gives every file below dir with its content, hidden ones included, so that leftovers show.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(filepath.Join(dir, name))
			files[name] = "-> " + target
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func want(b *opa.Bundle, under string) map[string]string {
	files := map[string]string{}
	for _, f := range b.Files {
		files[under+f.Path] = string(f.Data)
	}
	return files
}

func edit(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestWriteDirLeavesTheBundleAndNothingElse(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "out", "mke")
	write(t, build(t, "a", "b"), dir)
	if d := cmp.Diff(want(build(t, "a", "b"), "out/mke/"), tree(t, parent)); d != "" {
		t.Error(d)
	}

	write(t, build(t, "a"), dir) // the policy b is gone, and so is its module
	if d := cmp.Diff(want(build(t, "a"), "out/mke/"), tree(t, parent)); d != "" {
		t.Error(d)
	}
}

func TestWriteDirLeavesAnEqualFolderUntouched(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	write(t, build(t, "a"), dir)
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, build(t, "a"), dir)
	after, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("the folder was replaced by an equal one")
	}
}

func TestWriteDirFollowsALinkToTheFolder(t *testing.T) {
	parent := t.TempDir()
	write(t, build(t, "a"), filepath.Join(parent, "real"))
	if err := os.Symlink("real", filepath.Join(parent, "link")); err != nil {
		t.Fatal(err)
	}
	write(t, build(t, "b"), filepath.Join(parent, "link"))
	if d := cmp.Diff(want(build(t, "b"), ""), tree(t, filepath.Join(parent, "real"))); d != "" {
		t.Error(d)
	}
}

func TestOPALoadsTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	b := build(t, "a")
	write(t, b, dir)
	got, err := bundle.NewCustomReader(bundle.NewDirectoryLoader(dir)).Read()
	if err != nil {
		t.Fatal(err)
	}
	if got.Manifest.Revision != b.Revision || len(got.Modules) != 3 {
		t.Errorf("read revision %s with %d modules", got.Manifest.Revision, len(got.Modules))
	}
}

func TestHandEditsAreRefusedWithADiffAndLeftAlone(t *testing.T) {
	edited := "package lib.psp.policies[\"a\"]\n\naccepts := false\n"
	cases := map[string]struct {
		change func(dir string)
		next   []string
		path   string
		what   string
		diff   string // a line of it
	}{
		"an edited module": {
			change: func(dir string) { edit(t, filepath.Join(dir, policyA), edited) },
			next:   []string{"a", "b"}, path: policyA, what: "edited", diff: "-accepts := false\n+accepts := true\n",
		},
		"an edited module whose policy is gone": {
			change: func(dir string) { edit(t, filepath.Join(dir, policyA), edited) },
			next:   []string{"b"}, path: policyA, what: "edited", diff: "-accepts := false\n",
		},
		"a module of somebody else": {
			change: func(dir string) { edit(t, filepath.Join(dir, "lib/psp/policies/mine.rego"), "package mine\n") },
			next:   []string{"a"}, path: "lib/psp/policies/mine.rego", what: "added", diff: "-package mine\n",
		},
		"a deleted module": {
			change: func(dir string) { _ = os.Remove(filepath.Join(dir, policyA)) },
			next:   []string{"a"}, path: policyA, what: "deleted", diff: "+accepts := true\n",
		},
		"a manifest with a line more": {
			change: func(dir string) {
				name := filepath.Join(dir, ".manifest")
				data, _ := os.ReadFile(name)
				edit(t, name, strings.Replace(string(data), `"roots"`, `"wasm": [], "roots"`, 1))
			},
			next: []string{"a"}, path: ".manifest", what: "edited", diff: `-  "wasm": [], "roots": [`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "out")
			write(t, build(t, "a"), dir)
			tc.change(dir)
			before := tree(t, parent)

			err := build(t, tc.next...).WriteDir(t.Context(), dir, false)
			var conflict *opa.ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("got %v, want a conflict", err)
			}
			if len(conflict.Changes) != 1 || conflict.Changes[0].Path != tc.path || conflict.Changes[0].What != tc.what {
				t.Errorf("got %v, want %s %s", err, tc.path, tc.what)
			}
			if !strings.Contains(string(conflict.Diff()), tc.diff) {
				t.Errorf("diff without %q:\n%s", tc.diff, conflict.Diff())
			}
			if d := cmp.Diff(before, tree(t, parent)); d != "" {
				t.Errorf("a refusal changed the folder:\n%s", d)
			}

			if err := build(t, tc.next...).WriteDir(t.Context(), dir, true); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want(build(t, tc.next...), "out/"), tree(t, parent)); d != "" {
				t.Errorf("after force:\n%s", d)
			}
		})
	}
}

func TestAnEditThatTranslationWouldMakeIsNoConflict(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	write(t, build(t, "a"), dir)
	for _, f := range build(t, "a", "b").Files {
		edit(t, filepath.Join(dir, f.Path), string(f.Data))
	}
	write(t, build(t, "a", "b"), dir)
}

func TestForeignTargetsAreNeverOverwritten(t *testing.T) {
	cases := map[string]func(target string){
		"a folder of somebody else": func(target string) { edit(t, filepath.Join(target, "notes.txt"), "mine") },
		"a bundle of somebody else": func(target string) { edit(t, filepath.Join(target, ".manifest"), `{"revision": "1"}`) },
		"a bundle that is a repository": func(target string) {
			write(t, build(t, "a"), target)
			edit(t, filepath.Join(target, ".git", "HEAD"), "ref")
		},
		"a file": func(target string) { edit(t, target, "text") },
		"a bundle with a link in it": func(target string) {
			write(t, build(t, "a"), target)
			if err := os.Symlink("/etc", filepath.Join(target, "lib", "etc")); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			target := filepath.Join(parent, "out")
			prepare(target)
			before := tree(t, parent)
			if err := build(t, "b").WriteDir(t.Context(), target, true); err == nil {
				t.Error("overwritten")
			}
			if d := cmp.Diff(before, tree(t, parent)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestACancelledWriteLeavesNothingBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	parent := t.TempDir()
	if err := build(t, "a").WriteDir(ctx, filepath.Join(parent, "out"), false); !errors.Is(err, context.Canceled) {
		t.Errorf("folder: got %v", err)
	}
	if err := build(t, "a").WriteFile(ctx, filepath.Join(parent, "out.tar.gz"), false); !errors.Is(err, context.Canceled) {
		t.Errorf("tarball: got %v", err)
	}
	if left := tree(t, parent); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteFileReplacesOwnTarballsOnly(t *testing.T) {
	parent := t.TempDir()
	name := filepath.Join(parent, "out", "bundle.tar.gz")
	for _, policy := range []string{"a", "a", "b"} {
		if err := build(t, policy).WriteFile(t.Context(), name, false); err != nil {
			t.Fatal(err)
		}
		got := tree(t, parent)
		if d := cmp.Diff(map[string]string{"out/bundle.tar.gz": string(tarball(t, build(t, policy)))}, got); d != "" {
			t.Error(d)
		}
	}

	edited := build(t, "a")
	for i, f := range edited.Files {
		if f.Path == policyA {
			edited.Files[i].Data = []byte("package edited\n")
		}
	}
	edit(t, name, string(tarball(t, edited)))
	var conflict *opa.ConflictError
	if err := build(t, "a").WriteFile(t.Context(), name, false); !errors.As(err, &conflict) {
		t.Errorf("an edited tarball: %v", err)
	}
	if err := build(t, "a").WriteFile(t.Context(), name, true); err != nil {
		t.Error(err)
	}

	edit(t, name, "a letter")
	if err := build(t, "a").WriteFile(t.Context(), name, true); !errors.Is(err, opa.ErrForeign) {
		t.Errorf("a file of somebody else: %v", err)
	}
}
