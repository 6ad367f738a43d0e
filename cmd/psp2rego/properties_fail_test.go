// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"psp2rego/verify/properties"
)

// fault is one line of what is emitted, and what it becomes.
type fault struct {
	path, line, instead string
	// want is part of what the violation says.
	want string
	// shrink is how much may be spent on making it small; some are tried, for each way in which properties judge.
	shrink int
	// met counts how often the line was broken.
	met int
}

// faults has a fault for each property that violates it.
var faults = map[string]*fault{
	"single_field_validation": {
		path:    "lib/psp/policies/host-pid-0.rego",
		line:    `count(host_pid.not_allowed) == 0`,
		instead: `count(host_pid.not_allowed) >= 0`,
		want:    "fail-open in mutate: native refuses, the bundle allows",
		shrink:  150,
	},
	"single_field_defaulting": {
		path:    "lib/psp/patch/patch.rego",
		line:    `object.union(context, values)`,
		instead: `values`,
		want:    "mutation in mutate: the pods differ at /spec/",
	},
	"choice": {
		path:    "lib/psp/choice/choice.rego",
		line:    `changes := policies[name].writes != server.unchanged`,
		instead: `changes := policies[name].writes == {}`,
		want:    "in mutate: native chooses",
		shrink:  150,
	},
	"authorization": {
		path:    "lib/psp/requester/requester.rego",
		line:    `["system:serviceaccounts", concat(`,
		instead: `["system:authenticated", concat(`,
		want:    "in mutate: native ",
	},
	"updates": {
		path:    "lib/psp/update/update.rego",
		line:    `["finalizers", "managedFields",`,
		instead: `["managedFields",`,
		want:    "fail-closed in validate: native allows, the bundle refuses",
	},
	"idempotence": {
		path:    "lib/psp/patch/patch.rego",
		line:    `{"kubernetes.io/psp": choice.admit}`,
		instead: `{"kubernetes.io/psp": choice.admit, "seen": sprintf("%d", [count(pod.annotations)])}`,
		want:    "mutation in mutate: the bundle, given the pod that it admitted: the pods differ at /metadata/annotations/seen",
	},
	"acceptance": {
		path:    "lib/psp/patch/patch.rego",
		line:    `values := writes["/spec/securityContext"]`,
		instead: `values := writes["/spec/nowhere"]`,
		want:    "fail-closed in validate: the bundle does not accept the pod that it admitted",
		shrink:  150,
	},
	"determinism": {
		path:    "lib/psp/dialect/dialect.rego",
		line:    "package lib.psp.dialect\n",
		instead: "# first read: FIRST\npackage lib.psp.dialect\n",
		want:    "in reverse order: lib/psp/dialect/dialect.rego differs",
		shrink:  150,
	},
	"round_trip": {
		path:    "lib/psp/choice/choice.rego",
		line:    `changes := policies[name].writes != server.unchanged`,
		instead: `changes := policies[name].writes == {}`,
		want:    "the folder, packed, is not the tarball",
	},
}

// TestEachPropertyCanFail breaks one line of what is emitted, and each property notices the fault made for it. What it
// shows is small.
func TestEachPropertyCanFail(t *testing.T) {
	for _, p := range properties.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			f, ok := faults[p.Name]
			if !ok {
				t.Fatal("no fault shows that this property can fail")
			}
			options := propertyOptions(t)
			options.Cases, options.Seed, options.Keep, options.Shrink = 140, 4, 1, f.shrink
			f.breakThe(p.Name, &options)
			r, text := tryProperty(t, p, options)
			if f.met == 0 {
				t.Fatalf("%s: holds no line %q; choose another one to break", f.path, f.line)
			}
			if r.Violated == 0 || r.Holds() || !strings.Contains(text, f.want) {
				t.Fatalf("the fault was not noticed as %q:\n%s", f.want, text)
			}
			for _, d := range r.Violations {
				if !p.Strictness.Counts(d.Class) {
					t.Errorf("%s is no violation of a property compared by %s", d.Class, p.Strictness)
				}
				if f.shrink > 0 && len(d.Objects) > 4 {
					t.Errorf("%d objects are left:\n%s", len(d.Objects), text)
				}
			}
		})
	}
}

// breakThe puts the fault where the property can meet it.
func (f *fault) breakThe(property string, o *properties.Options) {
	translated, repacked, folder := o.Translate, o.Repack, o.Folder
	if property == "round_trip" { // a folder on its way
		o.Folder = func(ctx context.Context, objects []json.RawMessage, dialect, name string) error {
			if err := folder(ctx, objects, dialect, name); err != nil {
				return err
			}
			file := filepath.Join(name, filepath.FromSlash(f.path))
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			return os.WriteFile(file, f.in(data, nil), 0o600)
		}
		return
	}
	o.Translate = func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
		tarball, err := translated(ctx, objects, dialect)
		if err != nil || len(objects) == 0 {
			return tarball, err
		}
		return f.inTarball(tarball, objects[0])
	}
	o.Repack = func(ctx context.Context, documents [][]byte, dialect string) ([]byte, error) {
		tarball, err := repacked(ctx, documents, dialect)
		if err != nil || len(documents) == 0 {
			return tarball, err
		}
		return f.inTarball(tarball, documents[0])
	}
}

// inTarball is the bundle with the fault, if it has the file at all.
func (f *fault) inTarball(tarball, first []byte) ([]byte, error) {
	bundle, err := readBundle(tarball)
	if err != nil {
		return nil, err
	}
	for i, file := range bundle.Files {
		if file.Path == f.path {
			bundle.Files[i].Data = f.in(file.Data, first)
		}
	}
	return tarballOf(bundle)
}

// in replaces the line, if it is there: a case that was made small may lack it. FIRST stands for the name of the object
// that was read first.
func (f *fault) in(data, first []byte) []byte {
	if bytes.Count(data, []byte(f.line)) != 1 {
		return data
	}
	f.met++
	instead := f.instead
	if name := firstName.FindSubmatch(first); name != nil {
		instead = strings.ReplaceAll(instead, "FIRST", string(name[1]))
	}
	return bytes.Replace(data, []byte(f.line), []byte(instead), 1)
}

// firstName finds the first name in JSON or YAML.
var firstName = regexp.MustCompile(`"?name"?: *"?([a-z0-9.-]+)`)
