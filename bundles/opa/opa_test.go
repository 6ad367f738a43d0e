// SPDX-License-Identifier: Apache-2.0

package opa_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/bundle"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
)

func library() fstest.MapFS {
	return fstest.MapFS{
		"embed.go":                           {Data: []byte("package rego\n")},
		"lib/psp/privileged/privileged.rego": {Data: []byte("package lib.psp.privileged\n\nallowed := true\n")},
		"system/main/main.rego":              {Data: []byte("package system.main\n\nkind := \"AdmissionReview\"\n")},
	}
}

func output(policies ...string) *translate.Output {
	out := &translate.Output{
		Files:   []translate.File{{Path: "lib/psp/grants/data.json", Data: []byte(`{"groups": {}, "users": {}}` + "\n")}},
		Sources: []translate.Source{{Name: "psp.yaml", SHA256: "ab"}, {Name: "a/psp.yaml", SHA256: "cd"}},
	}
	for _, name := range policies {
		out.Files = append(out.Files, translate.File{
			Path: "lib/psp/policies/" + name + ".rego",
			Data: []byte("package lib.psp.policies[\"" + name + "\"]\n\naccepts := true\n"),
		})
	}
	return out
}

func build(t *testing.T, policies ...string) *opa.Bundle {
	t.Helper()
	b, err := opa.Build(library(), output(policies...), opa.Meta{
		Version: "1.2.3", Engine: "1.22.2", Dialect: "kubernetes",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tarball(t *testing.T, b *opa.Bundle) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := b.WriteTarball(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestBuildGivesEqualBytesForEqualInput(t *testing.T) {
	first, second := tarball(t, build(t, "a", "b")), tarball(t, build(t, "a", "b"))
	if !bytes.Equal(first, second) {
		t.Error("two builds differ")
	}
	if a, b := build(t, "a"), build(t, "a", "b"); a.Revision == b.Revision {
		t.Error("another policy, the same revision")
	}
}

func TestTarballHoldsTheFilesVerbatimInOrderWithoutTimes(t *testing.T) {
	b := build(t, "restricted")
	zr, err := gzip.NewReader(bytes.NewReader(tarball(t, b)))
	if err != nil {
		t.Fatal(err)
	}
	if !zr.ModTime.IsZero() {
		t.Errorf("gzip header carries a time: %v", zr.ModTime)
	}
	var got []translate.File
	for tr := tar.NewReader(zr); ; {
		header, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.ModTime.Unix() != 0 || header.Uid != 0 || header.Uname != "" {
			t.Errorf("%s: carries a time or an owner", header.Name)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, translate.File{Path: header.Name, Data: data})
	}
	if d := cmp.Diff(b.Files, got); d != "" {
		t.Error(d)
	}
	var paths []string
	for _, f := range got {
		paths = append(paths, f.Path)
	}
	want := []string{
		".manifest", "README.md", "lib/psp/grants/data.json", "lib/psp/policies/restricted.rego",
		"lib/psp/privileged/privileged.rego", "system/main/main.rego",
	}
	if d := cmp.Diff(want, paths); d != "" {
		t.Error(d)
	}
}

func TestOPAReadsTheTarballBack(t *testing.T) {
	b := build(t, "restricted")
	got, err := bundle.NewReader(bytes.NewReader(tarball(t, b))).Read()
	if err != nil {
		t.Fatal(err)
	}
	if got.Manifest.Revision != b.Revision || *got.Manifest.RegoVersion != 1 {
		t.Errorf("manifest: %v", got.Manifest)
	}
	if d := cmp.Diff([]string{"lib/psp", "psp", "system/main"}, *got.Manifest.Roots); d != "" {
		t.Error(d)
	}
	if len(got.Modules) != 3 {
		t.Errorf("got %d modules, want 3", len(got.Modules))
	}
}

func TestBuildRefusesPathsThatNoFolderCanHold(t *testing.T) {
	for _, path := range []string{
		"../x.rego", "/etc/x.rego", "a//b.rego", ".", "", ".manifest", "a\\b.rego", "a\nb.rego", "a\xff.rego",
		"lib/" + strings.Repeat("x", 256), "readme.MD", "README.md",
	} {
		out := &translate.Output{Files: []translate.File{{Path: path}}}
		if _, err := opa.Build(library(), out, opa.Meta{}); err == nil {
			t.Errorf("%q: accepted", path)
		} else if !strings.HasPrefix(err.Error(), "bundle file ") {
			t.Errorf("%q: %v", path, err)
		}
	}
}
