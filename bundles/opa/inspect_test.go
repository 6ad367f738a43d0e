// SPDX-License-Identifier: Apache-2.0

package opa_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
)

func read(t *testing.T, data []byte) *opa.Bundle {
	t.Helper()
	b, err := opa.ReadTarball(data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	want, parent := build(t, "a", "b"), t.TempDir()
	dir, link, file := filepath.Join(parent, "dir"), filepath.Join(parent, "link"), filepath.Join(parent, "b.tar.gz")
	write(t, want, dir)
	if err := os.Symlink("dir", link); err != nil {
		t.Fatal(err)
	}
	if err := want.WriteFile(t.Context(), file, false); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, link, file} {
		got, err := opa.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", path, d)
		}
		if err := got.Expect(want.Revision); err != nil {
			t.Error(err)
		}
		if err := got.Expect(strings.Repeat("0", 64)); !errors.Is(err, opa.ErrRevision) {
			t.Errorf("another revision: %v", err)
		}
	}
}

func TestInspectTellsWhatTheFilesHold(t *testing.T) {
	b := read(t, repacked(t, tarball(t, build(t, "b", "a")), func(files []translate.File) []translate.File {
		files[at(files, "lib/psp/grants/data.json")].Data = []byte(`{
			"users": {"jeff": {"cluster": ["a", "b"], "namespaces": {"x": ["a"], "y": ["*"]}}, "nobody": null},
			"groups": {"g": {"namespaces": {"x": ["b"]}}}
		}`)
		return append(files, translate.File{Path: "lib/psp/policies/b_test.rego", Data: []byte("package lib.psp.policies_test\n")})
	}))
	packed, err := b.Repack()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := packed.Sign(signingKey(t, "EdDSA"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := signed.Inspect()
	if err != nil {
		t.Fatal(err)
	}
	want := &opa.Inspection{
		Revision: packed.Revision, Roots: []string{"lib/psp", "psp", "system/main"}, Version: "1.2.3", Engine: "1.22.2", Dialect: "kubernetes", Server: "1.24",
		Sources: map[string]string{"psp.yaml": "ab", "a/psp.yaml": "cd"}, Policies: []string{"a", "b"},
		Grants:    opa.Grants{Users: 2, Groups: 1, Total: 5},
		Edited:    []string{"lib/psp/grants/data.json", "lib/psp/policies/b_test.rego"},
		Signature: &opa.Signature{Algorithm: "EdDSA", KeyID: opa.DefaultKeyID},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if packed.Revision == build(t, "b", "a").Revision {
		t.Error("other files, the same revision")
	}
}

func TestRepackingRemembersEarlierEdits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	write(t, build(t, "a", "b"), dir)
	var last *opa.Bundle
	for _, path := range []string{policyA, "lib/psp/policies/b.rego", policyA} {
		edit(t, filepath.Join(dir, path), "package edited\n")
		edited, err := opa.Read(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if last, err = edited.Repack(); err != nil {
			t.Fatal(err)
		}
		if err := last.WriteDir(t.Context(), dir, true); err != nil {
			t.Fatal(err)
		}
	}
	found, err := last.Inspect()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{policyA, "lib/psp/policies/b.rego"}, found.Edited); d != "" || len(found.Changes) > 0 {
		t.Error(d, found.Changes)
	}
	again, err := last.Repack()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(last, again); d != "" {
		t.Errorf("what nobody touched was packed to something else: %s", d)
	}
}

func TestASignatureThatCannotBeReadIsAnError(t *testing.T) {
	good := signed(t, tarball(t, build(t, "a")), signingKey(t, "EdDSA"))
	for text, want := range map[string]string{
		`{`:                        "unexpected end of JSON",
		`{}`:                       "holds 0 signatures",
		`{"signatures":["a","b"]}`: "holds 2 signatures",
		`{"signatures":["a"]}`:     "no JWT",
		`{"signatures":["a.b.c"]}`: "no JWT",
	} {
		bad := read(t, repacked(t, good, func(files []translate.File) []translate.File {
			files[1].Data = []byte(text)
			return files
		}))
		if _, err := bad.Inspect(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", text, want, err)
		}
	}
}

// TestASignatureIsNobodysWork: it is made again, and so no reason to keep a bundle.
func TestASignatureIsNobodysWork(t *testing.T) {
	dir, file := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "b.tar.gz")
	write(t, build(t, "a"), dir)
	edit(t, filepath.Join(dir, ".signatures.json"), "{}")
	write(t, build(t, "a", "b"), dir)
	if d := cmp.Diff(want(build(t, "a", "b"), ""), tree(t, dir)); d != "" {
		t.Error(d)
	}
	edit(t, file, string(signed(t, tarball(t, build(t, "a")), signingKey(t, "EdDSA"))))
	if err := build(t, "a", "b").WriteFile(t.Context(), file, false); err != nil {
		t.Error(err)
	}
}

func TestArchivesThatAreNoBundleAreRefused(t *testing.T) {
	archive := func(headers ...tar.Header) []byte {
		var buf bytes.Buffer
		zw := gzip.NewWriter(&buf)
		tw := tar.NewWriter(zw)
		for _, h := range headers {
			h.Mode = 0o600
			if err := tw.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(tw.Close(), zw.Close()); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	climbing := repacked(t, tarball(t, build(t, "a")), func(files []translate.File) []translate.File {
		return append(files, translate.File{Path: "../../etc/passwd", Data: []byte("x")})
	})
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":         {nil, "no .tar.gz: EOF"},
		"text":            {[]byte("hello, world"), "no .tar.gz"},
		"no archive":      {archive(), "an empty archive"},
		"one file twice":  {archive(tar.Header{Name: "a"}, tar.Header{Name: "a"}), `holds "a" twice`},
		"a link":          {archive(tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc"}), `holds "a", which is no regular file`},
		"no manifest":     {archive(tar.Header{Name: "a"}), "not a bundle that psp2rego wrote"},
		"a climbing path": {climbing, `"../../etc/passwd": not a path`},
	} {
		if _, err := opa.ReadTarball(tc.data); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: want %q, got %v", name, tc.want, err)
		}
	}
	if _, err := opa.Read(t.Context(), t.TempDir()); !errors.Is(err, opa.ErrForeign) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := opa.Read(t.Context(), filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}
