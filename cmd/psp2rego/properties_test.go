// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
	"psp2rego/verify/properties"
)

// TestProperties tries every property of what translation makes. PROPERTIES_CASES and PROPERTIES_SEED ask for more cases
// than the fixed few; `make properties` sets them.
func TestProperties(t *testing.T) {
	for _, p := range properties.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			options := propertyOptions(t)
			options.Cases, options.Seed = envNumber(t, "PROPERTIES_CASES", 480), uint64(envNumber(t, "PROPERTIES_SEED", 1))
			r, text := tryProperty(t, p, options)
			t.Log(text)
			if !r.Holds() {
				t.Errorf("%s does not hold; go test -run %s with PROPERTIES_CASES=%d PROPERTIES_SEED=%d shows it again",
					p.Name, t.Name(), options.Cases, options.Seed)
			}
			for class, n := range r.Beyond {
				t.Errorf("%d differences of class %s, which are not this property's: run the comparison of everything", n, class)
			}
		})
	}
}

// envNumber is a number from the environment, as fallback is not enough for a thorough run.
func envNumber(t *testing.T, name string, fallback int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(fallback)))
	if err != nil || n < 0 {
		t.Fatalf("%s: a whole number is needed: %v", name, err)
	}
	return n
}

func tryProperty(t *testing.T, p properties.Property, options properties.Options) (*properties.Result, string) {
	t.Helper()
	r, err := properties.Run(t.Context(), p, options)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	return r, text.String()
}

// propertyOptions wires the translator and the writers of bundles to the properties, which import neither.
func propertyOptions(t *testing.T) properties.Options {
	t.Helper()
	native, err := findNative(cmp.Or(os.Getenv("PSP2REGO_NATIVE"), "../../bin/"+nativeName))
	if err != nil {
		t.Fatal(err)
	}
	o := properties.Options{Translate: translateObjects, Repack: translateDocuments, Pack: packFolder, Scratch: t.TempDir(), Shrink: 400}
	o.Native.Path = native
	o.Folder = func(ctx context.Context, objects []json.RawMessage, dialect, folder string) error {
		tarball, err := translateObjects(ctx, objects, dialect)
		if err != nil {
			return err
		}
		bundle, err := readBundle(tarball)
		if err != nil {
			return err
		}
		return bundle.WriteDir(ctx, folder, false)
	}
	return o
}

// translateDocuments reads a folder with a file for each document.
func translateDocuments(ctx context.Context, documents [][]byte, dialect string) ([]byte, error) {
	if len(documents) == 0 {
		return translateObjects(ctx, nil, dialect)
	}
	folder := fstest.MapFS{}
	for i, data := range documents {
		folder[fmt.Sprintf("%03d.yaml", i)] = &fstest.MapFile{Data: data}
	}
	cluster, list, err := translate.Load(ctx, []manifest.Source{{Name: "objects", FS: folder, Path: "."}})
	switch {
	case errors.Is(err, translate.ErrNothing):
		return translateObjects(ctx, nil, dialect)
	case err != nil, cluster == nil:
		return nil, fmt.Errorf("%w: %s", err, list)
	}
	bundle, err := build(ctx, cluster, translate.Options{Dialect: dialect, Version: toolVersion()}, false)
	if err != nil {
		return nil, err
	}
	return tarballOf(bundle)
}

func tarballOf(bundle *opa.Bundle) ([]byte, error) {
	var tarball bytes.Buffer
	err := bundle.WriteTarball(&tarball)
	return tarball.Bytes(), err
}

// readBundle gives the bundle in a tarball.
func readBundle(tarball []byte) (*opa.Bundle, error) {
	zr, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, err
	}
	bundle := &opa.Bundle{}
	for tr := tar.NewReader(zr); ; {
		header, err := tr.Next()
		if err == io.EOF {
			return bundle, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			return nil, err
		}
		bundle.Files = append(bundle.Files, translate.File{Path: header.Name, Data: data})
	}
}

// packFolder makes a tarball of whatever the folder holds.
func packFolder(_ context.Context, folder string) ([]byte, error) {
	bundle := &opa.Bundle{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(os.DirFS(folder), name)
		bundle.Files = append(bundle.Files, translate.File{Path: name, Data: data})
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(bundle.Files, func(a, b translate.File) int { return strings.Compare(a.Path, b.Path) })
	return tarballOf(bundle)
}
