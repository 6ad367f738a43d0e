// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"psp2rego/verify/protocol"
)

const corpus = "../testdata/corpus"

// nativePath is where the evaluator is. Tests that need it fail without it: a comparison that did
// not take place must not pass.
func nativePath(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(cmp.Or(os.Getenv("PSP2REGO_NATIVE"), "../bin/psp2rego-native"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the evaluator with the real admission plugin is missing (%v): build it with `make build`, "+
			"or name it in PSP2REGO_NATIVE", err)
	}
	return path
}

func startNative(t testing.TB) *Native {
	t.Helper()
	n, err := StartNative(t.Context(), NativeCommand{Path: nativePath(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// TestCorpusHoldsWhatNativeAnswers: the native section of each case is what the plugin says.
// UPDATE=1 writes it.
func TestCorpusHoldsWhatNativeAnswers(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus in %s: %v", corpus, err)
	}
	native := startNative(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := ReadCaseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := nativeAnswer(t, native, c)
			diff := gocmp.Diff(sortedMessages(c.Native), sortedMessages(got))
			switch {
			case diff == "":
			case os.Getenv("UPDATE") != "":
				rewrite(t, file, got)
			default:
				t.Errorf("native's answer (-recorded +now); UPDATE=1 rewrites it:\n%s", diff)
			}
		})
	}
}

func nativeAnswer(t *testing.T, native *Native, c *CaseFile) *Recorded {
	t.Helper()
	if err := native.Load(protocol.Cluster{Dialect: c.Dialect, Objects: c.Objects}, "corpus"); err != nil {
		t.Fatal(err)
	}
	o := &outcome{native: map[Phase]*Verdict{}}
	if c.Phase != "" {
		off := false
		request := *c.Request
		request.ServiceAccountPlugin = &off
		answer, err := native.Ask(protocol.Line{Op: protocol.OpPrepare, Request: &request}, "corpus")
		if err != nil || answer.Error != nil {
			t.Fatal(err, answer.Error)
		}
		o.prepared = answer.Request
		if o.native[c.Phase], err = native.Evaluate(context.Background(), c.Phase, answer.Request); err != nil {
			t.Fatal(err)
		}
		recorded, _ := o.recorded()
		return recorded
	}
	answer, err := native.Review(c.Request, "corpus")
	if err != nil {
		t.Fatal(err)
	}
	if answer.Error != nil {
		t.Fatal(answer.Error)
	}
	o.prepared = answer.Request
	if answer.Created != nil {
		o.apiErrors = answer.Created.Errors
	}
	for phase, verdict := range map[Phase]*protocol.Verdict{Mutate: answer.Admit, Validate: answer.Validate} {
		if o.native[phase], err = nativeVerdict(verdict); err != nil {
			t.Fatal(err)
		}
	}
	recorded, _ := o.recorded()
	return recorded
}

// rewrite puts the answer into the file and leaves the rest as it is written.
func rewrite(t *testing.T, file string, got *Recorded) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	isNative := func(f txtar.File) bool { return f.Name == fileNative }
	archive.Files = append(slices.DeleteFunc(archive.Files, isNative), txtar.File{Name: fileNative, Data: text})
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sortedMessages makes two answers equal that differ only in the order of their policies' errors,
// which is random.
func sortedMessages(r *Recorded) *Recorded {
	if r == nil {
		return nil
	}
	sorted := *r
	for _, v := range []**RecordedVerdict{&sorted.Mutate, &sorted.Validate} {
		if *v != nil {
			changed := **v
			letters := []byte(changed.Message)
			slices.Sort(letters)
			changed.Message = string(letters)
			*v = &changed
		}
	}
	return &sorted
}
