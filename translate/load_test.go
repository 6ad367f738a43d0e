// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"psp2rego/translate/diagnostic"
	"psp2rego/translate/manifest"
	"psp2rego/translate/rbac"
)

// Each archive in testdata/load holds input (files, folders, "-" for a stream) and, in its last three files, what Load makes
// of it: what it says, who may use what, and how it ends. UPDATE=1 writes those three.
func TestLoadGoldens(t *testing.T) {
	paths := goldens(t)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sources, input := sourcesOf(archive)
			cluster, diags, err := Load(context.Background(), sources)
			again, _, _ := Load(context.Background(), second(sourcesOf(archive)))
			if diff := cmp.Diff(describe(cluster), describe(again)); diff != "" {
				t.Errorf("reading twice differs:\n%s", diff)
			}
			got := []txtar.File{
				{Name: "diagnostics", Data: []byte(diags.String())},
				{Name: "grants", Data: []byte(describe(cluster))},
				{Name: "result", Data: []byte(result(cluster, diags, err))},
			}
			if os.Getenv("UPDATE") != "" {
				archive.Files = append(input, got...)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want := archive.Files[len(input):]
			if diff := cmp.Diff(files(want), files(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func goldens(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob("testdata/load/*.txtar")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no golden files: %v", err)
	}
	return paths
}

func second(sources []manifest.Source, _ []txtar.File) []manifest.Source { return sources }

// sourcesOf gives each file of an archive, and each folder with everything in it, as one source.
func sourcesOf(archive *txtar.Archive) (sources []manifest.Source, input []txtar.File) {
	fsys := fstest.MapFS{}
	for _, f := range archive.Files {
		if f.Name == "diagnostics" {
			break
		}
		input = append(input, f)
		name, _, _ := strings.Cut(f.Name, "/")
		if f.Name == "-" {
			sources = append(sources, manifest.Source{Name: "-", Reader: bytes.NewReader(f.Data)})
			continue
		}
		fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
		if !slices.ContainsFunc(sources, func(s manifest.Source) bool { return s.Name == name }) {
			sources = append(sources, manifest.Source{Name: name, FS: fsys, Path: name})
		}
	}
	return sources, input
}

func files(list []txtar.File) map[string]string {
	m := map[string]string{}
	for _, f := range list {
		m[f.Name] = string(f.Data)
	}
	return m
}

// result is how a run of psp2rego would end.
func result(cluster *Cluster, diags diagnostic.List, err error) string {
	switch {
	case err != nil:
		return fmt.Sprintf("exit 2: %v\n", err)
	case diags.HasErrors():
		return "exit 1\n"
	}
	var names []string
	for _, p := range cluster.Policies {
		names = append(names, p.Name)
	}
	return fmt.Sprintf("exit 0: %d objects of %d files; policies %s\n",
		len(cluster.Objects), len(cluster.Sources), strings.Join(names, " "))
}

// describe writes grants so that people can read them.
func describe(cluster *Cluster) string {
	var b strings.Builder
	if cluster == nil {
		return ""
	}
	subjects := func(kind string, grants map[string]*rbac.Subject, reasons map[string][]rbac.Grant) {
		for _, name := range slices.Sorted(maps.Keys(grants)) {
			s := grants[name]
			fmt.Fprintf(&b, "%s %s: %s\n", kind, name, strings.Join(s.Cluster, " "))
			for _, ns := range slices.Sorted(maps.Keys(s.Namespaces)) {
				fmt.Fprintf(&b, "  in %s: %s\n", ns, strings.Join(s.Namespaces[ns], " "))
			}
			for _, g := range reasons[name] {
				fmt.Fprintf(&b, "  %s to %s: %s", g.Binding, g.Role, strings.Join(g.Policies, " "))
				if g.Namespace != "" {
					fmt.Fprintf(&b, " in %s", g.Namespace)
				}
				b.WriteString("\n")
			}
		}
	}
	subjects("user", cluster.Grants.Users, cluster.Provenance.Users)
	subjects("group", cluster.Grants.Groups, cluster.Provenance.Groups)
	return strings.ReplaceAll(b.String(), ": \n", ":\n")
}

func indentJSON(tb testing.TB, text []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "    "); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// oddSources cannot be written down in an archive.
func oddSources(t *testing.T) map[string]manifest.Source {
	dir := t.TempDir()
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "links"), 0o755); err != nil {
		t.Fatal(err)
	}
	link("..", "links/up")
	link("loop.yaml", "links/loop.yaml")
	if err := os.WriteFile(filepath.Join(dir, "large.yaml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "large.yaml"), manifest.MaxFileSize+1); err != nil {
		t.Fatal(err)
	}
	return map[string]manifest.Source{
		"links":   {Name: "links", FS: os.DirFS(dir), Path: "links"},
		"missing": {Name: "missing.yaml", FS: os.DirFS(dir), Path: "missing.yaml"},
		"large":   {Name: "large.yaml", FS: os.DirFS(dir), Path: "large.yaml"},
		"binary":  {Name: "binary", Reader: strings.NewReader("kind: x\n\x00")},
	}
}

// The table of codes promises nothing that is never said, and nothing is said that the table does not explain.
func TestEveryCodeIsEmitted(t *testing.T) {
	emitted := map[string]bool{}
	run := func(sources []manifest.Source) {
		_, diags, _ := Load(context.Background(), sources)
		for _, d := range diags {
			emitted[d.Code] = true
		}
	}
	for _, path := range goldens(t) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sources, _ := sourcesOf(archive)
		run(sources)
	}
	for _, s := range oddSources(t) {
		run([]manifest.Source{s})
	}
	for _, c := range diagnostic.Codes() {
		if !emitted[c.ID] && !strings.HasPrefix(c.ID, "PSP3") { // those are about tests, which the command records
			t.Errorf("%s (%s) is never emitted", c.ID, c.Title)
		}
		delete(emitted, c.ID)
	}
	for id := range emitted {
		t.Errorf("%s is not in the table", id)
	}
}

func TestWhatCannotBeReadEndsWithErrUnreadable(t *testing.T) {
	for name, source := range oddSources(t) {
		cluster, diags, err := Load(context.Background(), []manifest.Source{source})
		if !errors.Is(err, manifest.ErrUnreadable) || cluster != nil || !diags.HasErrors() {
			t.Errorf("%s: error %v, diagnostics %v", name, err, diags)
		}
	}
}

func TestLoadStopsWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	source := manifest.Source{Name: "a", FS: fs.FS(fstest.MapFS{"a": {Data: []byte("kind: List\n")}}), Path: "a"}
	if cluster, _, err := Load(ctx, []manifest.Source{source}); cluster != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("cluster %v, error %v", cluster, err)
	}
}
