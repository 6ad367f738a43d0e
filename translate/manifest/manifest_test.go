// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"psp2rego/translate/diagnostic"
)

// stream reads one text as a stream called "in".
func stream(text string) []Source { return []Source{{Name: "in", Reader: strings.NewReader(text)}} }

func TestPositionsPointAtKeysAndItems(t *testing.T) {
	const (
		document = "# comment\n---\napiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata:\n  name: a\n  annotations:\n    a.b/c: d\n" +
			"spec:\n  volumes: [secret, csi]\n  hostPorts:\n  - min: 1\n    max: 2\n  - {min: 3, max: 4}\n"
		items = "apiVersion: v1\nkind: List\nitems:\n  - kind: Role\n    apiVersion: rbac.authorization.k8s.io/v1\n    metadata: {name: x}\n" +
			"  - apiVersion: policy/v1beta1\n    kind: PodSecurityPolicy\n    spec:\n      privileged: 1\n"
		whole   = "kind: List\napiVersion: v1\nitems: [{kind: Role, apiVersion: rbac.authorization.k8s.io/v1},\n  {kind: PodSecurityPolicy, apiVersion: policy/v1beta1,\n   spec: {privileged: 1}}]\n"
		json    = "{\"kind\": \"List\", \"items\": [\n {\"kind\": \"Role\", \"apiVersion\": \"rbac.authorization.k8s.io/v1\"},\n {\"kind\": \"PodSecurityPolicy\",\n  \"apiVersion\": \"policy/v1beta1\", \"metadata\": {\"é\": 1, \"name\": 2}, \"spec\": {\"volumes\": [\"a\", \"b\"]}}]}"
		aliases = "kind: PodSecurityPolicy\napiVersion: policy/v1beta1\nmetadata: &m\n  name: a\nspec:\n  <<: *m\n  x: *m\n  y:\n    <<: [*m]\n"
		windows = "\uFEFFapiVersion: policy/v1beta1\r\nkind: PodSecurityPolicy\r\nspec:\r\n  privileged: 1\r\n"
	)
	for name, tc := range map[string]struct {
		text, field string
		want        string
	}{
		"document":          {document, "", "in:3:1"},
		"field":             {document, "spec.volumes", "in:10:3"},
		"item of a field":   {document, "spec.volumes[1]", "in:10:21"},
		"field of an item":  {document, "spec.hostPorts[0].max", "in:13:5"},
		"flow item":         {document, "spec.hostPorts[1].max", "in:14:14"},
		"key with dots":     {document, "metadata.annotations[a.b/c]", "in:8:5"},
		"absent field":      {document, "spec.hostPorts[1].middle", "in:14:5"},
		"absent item":       {document, "spec.hostPorts[7].min", "in:11:3"},
		"absent parent":     {document, "status.a.b", "in:3:1"},
		"item of a list":    {items, "", "in:7:5"},
		"field in a list":   {items, "spec.privileged", "in:10:7"},
		"item of flow list": {whole, "", "in:4:3"},
		"flow list, field":  {whole, "spec.privileged", "in:5:11"},
		"JSON item":         {json, "", "in:3:2"},
		"JSON field":        {json, "metadata.name", "in:4:56"},
		"JSON item of item": {json, "spec.volumes[1]", "in:4:94"},
		"JSON absent":       {json, "spec.volumes[2].x", "in:4:77"},
		"merged key":        {aliases, "spec.name", "in:4:3"},
		"behind an alias":   {aliases, "spec.x.name", "in:4:3"},
		"merged list":       {aliases, "spec.y.name", "in:4:3"},
		"windows text":      {windows, "spec.privileged", "in:4:3"},
		"windows start":     {windows, "", "in:1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, diags, err := Read(context.Background(), stream(tc.text))
			if err != nil || len(objects) == 0 {
				t.Fatal(err, diags)
			}
			if got := objects[len(objects)-1].Position(tc.field).String(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestPathAtIsTheInverseOfPosition(t *testing.T) {
	const text = `{"a": [1, {"b.c/d": "x"}], "e": {"f": null}}`
	for want, at := range map[string]string{"a[0]": "1", "a[1][b.c/d]": `"x"`, "e.f": "null", "e": `{"f"`, "a[1]": `{"b`} {
		if got := PathAt([]byte(text), strings.Index(text, at)+1); got != want {
			t.Errorf("at %s: got %s, want %s", at, got, want)
		}
	}
}

func TestDigestsAreOfTheSourceText(t *testing.T) {
	const a = "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\n"
	const b = "---\nkind: Role\napiVersion: rbac.authorization.k8s.io/v1\n# the end\n"
	const item = "- kind: Role\n  apiVersion: rbac.authorization.k8s.io/v1\n"
	const json = `{"kind": "Role", "apiVersion": "rbac.authorization.k8s.io/v1"}`
	for text, want := range map[string][]string{
		a:                                    {a},
		a + b:                                {a, b},
		"kind: List\nitems:\n" + item + item: {item, item},
		json + " " + json:                    {json, json},
		`{"kind": "List", "items": [` + json + `]}`: {json},
		"kind: List\nitems: [" + json + "]":         {`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role"}`},
		"\uFEFF" + a:                                {a},
	} {
		objects, _, err := Read(context.Background(), stream(text))
		var got, sums []string
		for _, o := range objects {
			got = append(got, o.SHA256())
			if o.FileSHA256() != digest([]byte(text)) {
				t.Errorf("%q: digest of the file is of something else", text)
			}
		}
		for _, w := range want {
			sums = append(sums, digest([]byte(w)))
		}
		if diff := cmp.Diff(sums, got); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
}

func TestFoldersAreReadInOrderAndLinksAreSafe(t *testing.T) {
	dir := t.TempDir()
	role := func(name string) string {
		return "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: " + name + "}\n"
	}
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, "in/b/c"), 0o755),
		os.WriteFile(filepath.Join(dir, "in/b/c/x.json"), []byte("{}"), 0o644),
		os.WriteFile(filepath.Join(dir, "in/b.yml"), []byte(role("fourth")), 0o644),
		os.WriteFile(filepath.Join(dir, "in/a.yaml"), []byte(role("first")), 0o644),
		os.WriteFile(filepath.Join(dir, "in/b/a.yaml"), []byte(role("third")), 0o644),
		os.WriteFile(filepath.Join(dir, "in/notes.txt"), []byte(":::"), 0o644),
		os.WriteFile(filepath.Join(dir, "elsewhere"), []byte(role("second")), 0o644),
		os.Symlink("../elsewhere", filepath.Join(dir, "in/aa.yaml")),
		os.Symlink("..", filepath.Join(dir, "in/up")),
		os.Symlink("loop.yaml", filepath.Join(dir, "in/loop.yaml")),
		os.Symlink("nowhere", filepath.Join(dir, "in/dangling")),
		syscall.Mkfifo(filepath.Join(dir, "in/pipe.yaml"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	objects, diags, err := Read(context.Background(), []Source{{Name: "x/in", FS: os.DirFS(dir), Path: "in"}})
	if diff := cmp.Diff([]string{"Role first", "Role second", "Role third", "Role fourth"}, summary(objects)); diff != "" {
		t.Error(diff)
	}
	const want = `x/in/b/c/x.json:1:1: error: this is no Kubernetes object: apiVersion and kind are missing or not a string [PSP010]
x/in/loop.yaml: error: cannot be read: too many levels of symbolic links [PSP001]
x/in/pipe.yaml: error: cannot be read: not a regular file [PSP001]
x/in/up: warning: this symbolic link to a folder is not followed [PSP023]
`
	var got strings.Builder
	for _, d := range diags {
		d.Hint = ""
		got.WriteString(d.String() + "\n")
	}
	if diff := cmp.Diff(want, got.String()); diff != "" || !errors.Is(err, ErrUnreadable) {
		t.Errorf("%v\n%s", err, diff)
	}
}

// large is a file system with one file that says it is too large, and must not be read.
type large struct{ fs.FileInfo }

func (l large) Open(string) (fs.File, error) { return l, nil }
func (l large) Stat() (fs.FileInfo, error)   { return l, nil }
func (large) Read([]byte) (int, error)       { panic("read although too large") }
func (large) Close() error                   { return nil }
func (large) Size() int64                    { return MaxFileSize + 1 }
func (large) IsDir() bool                    { return false }
func (large) Mode() fs.FileMode              { return 0o644 }

// broken is a stream that fails in the middle.
type broken struct{}

func (broken) Read(p []byte) (int, error) { return copy(p, "kind: Role"), errors.New("cable cut") }

func TestInputThatIsNoManifestIsRefused(t *testing.T) {
	bomb := func(levels int, leaf string) string {
		text := "a0: &a0 " + leaf + "\n"
		for i := range levels {
			text += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
		}
		return text
	}
	const role = "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\n"
	for name, tc := range map[string]struct {
		source Source
		code   string
		at     string
	}{
		"missing file":      {Source{FS: fstest.MapFS{}, Path: "no"}, diagnostic.Unreadable, "in"},
		"large file":        {Source{FS: large{}, Path: "large"}, diagnostic.TooLarge, "in"},
		"stream that fails": {Source{Reader: broken{}}, diagnostic.Unreadable, "in"},
		"endless stream":    {Source{Reader: io.MultiReader(strings.NewReader("a"), zeros{})}, diagnostic.TooLarge, "in"},
		"NUL":               {Source{Reader: strings.NewReader("a: b\nc: \x00")}, diagnostic.NotText, "in:2:4"},
		"not UTF-8":         {Source{Reader: strings.NewReader("a: b\n\xff\xfe")}, diagnostic.NotText, "in:2:1"},
		"UTF-16":            {Source{Reader: strings.NewReader("\xff\xfea\x00")}, diagnostic.NotText, "in:1:1"},
		"gzip":              {Source{Reader: strings.NewReader("\x1f\x8b\x08")}, diagnostic.NotText, "in:1:1"},
		"aliases":           {Source{Reader: strings.NewReader(role + bomb(9, "[x]"))}, diagnostic.AliasExpansion, "in:1:1"},
		"aliases of text":   {Source{Reader: strings.NewReader(role + bomb(2, strings.Repeat("x", 5000)))}, diagnostic.AliasExpansion, "in:1:1"},
		"aliases, merged":   {Source{Reader: strings.NewReader(role + "a: &a {b: &b {c: " + strings.Repeat("x", 9000) + "}}\nd: [" + strings.Repeat("{<<: *a}, ", 100) + "]")}, diagnostic.AliasExpansion, "in:1:1"},
		"deep YAML":         {Source{Reader: strings.NewReader(role + "a: " + strings.Repeat("[", 100_000))}, diagnostic.MalformedYAML, "in:3"},
		"deep JSON":         {Source{Reader: strings.NewReader(`{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}")}, diagnostic.MalformedJSON, "in:1:10005"},
		"large document":    {Source{Reader: strings.NewReader("# x\n" + role + "a: " + strings.Repeat("x", MaxDocumentSize))}, diagnostic.TooLarge, "in:2:1"},
		"control character": {Source{Reader: strings.NewReader(role + "---\na: \x01\n")}, diagnostic.MalformedYAML, "in:3"},
		"nothing":           {Source{Reader: strings.NewReader("")}, diagnostic.NoObjects, "in"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.source.Name = "in"
			_, diags, err := Read(context.Background(), []Source{tc.source})
			if !errors.Is(err, ErrUnreadable) || len(diags) != 1 || diags[0].Code != tc.code || diags[0].Pos.String() != tc.at {
				t.Errorf("error %v, want %s at %s:\n%s", err, tc.code, tc.at, diags)
			}
		})
	}
}

// zeros is a stream of NUL bytes that never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestTotalsAreLimited(t *testing.T) {
	const role = "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\n"
	r := &reader{total: MaxTotalSize - len(role)}
	r.source(context.Background(), stream(role)[0])
	if r.unreadable || len(r.objects) != 1 {
		t.Errorf("refused too early: %v", r.diags.List())
	}
	r.source(context.Background(), stream(role)[0])
	if !r.unreadable || len(r.objects) != 1 || len(r.diags.List()) != 1 || r.diags.List()[0].Code != diagnostic.TooLarge {
		t.Errorf("not refused: %v", r.diags.List())
	}
	r = &reader{}
	r.limits.bytes.Store(maxConverted - 10)
	r.source(context.Background(), stream(role + "---\n" + role)[0])
	if !r.unreadable || len(r.objects) != 0 || len(r.diags.List()) != 1 || r.diags.List()[0].Code != diagnostic.TooLarge {
		t.Errorf("objects beyond the limit, or more than one complaint: %v", r.diags.List())
	}
	r = &reader{}
	r.limits.objects.Store(MaxObjects - 1)
	r.source(context.Background(), stream(role + "---\n" + role + "---\n" + role)[0])
	if !r.unreadable || len(r.objects) != 1 || len(r.diags.List()) != 1 || r.diags.List()[0].Code != diagnostic.TooLarge {
		t.Errorf("too many objects, or more than one complaint: %v", r.diags.List())
	}
}

func TestOtherKindsAreCountedInOneNote(t *testing.T) {
	text := ""
	for i := range 13 {
		text += strings.Repeat(fmt.Sprintf("---\nkind: K%02d\napiVersion: v1\n", i), i%3+1)
	}
	_, diags, err := Read(context.Background(), stream(text))
	const want = "25 objects of other kinds ignored: 3 K02, 3 K05, 3 K08, 3 K11, 2 K01, 2 K04, 2 K07, 2 K10, 1 K00, 1 K03, and 3 more kinds"
	if err != nil || len(diags) != 1 || diags[0].Message != want || diags[0].Severity != diagnostic.Note {
		t.Errorf("%v %v", err, diags)
	}
}
