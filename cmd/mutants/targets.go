// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"

	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
	"psp2rego/verify"
	"psp2rego/verify/mutants"
)

// targets are the library, judged with generated clusters, and the policies of two clusters, judged with these.
func (o *options) targets(ctx context.Context) ([]*mutants.Target, error) {
	library := func(path string) bool {
		_, err := fs.Stat(rego.Files, path)
		return err == nil
	}
	emitted := func(path string) bool { return !library(path) }
	generated, err := verify.NewRecording(o.verify(verify.Options{Generate: true}))
	if err != nil {
		return nil, err
	}
	// explain decides nothing, and native has nothing to compare it with
	decides := func(path string) bool { return library(path) && path != "psp/explain.rego" }
	all := []*mutants.Target{{Recording: generated, Owns: decides}}
	for _, c := range []struct{ name, path, dialect string }{
		{"cluster", o.cluster, translate.DialectKubernetes}, {"mke", o.mke, translate.DialectMKE},
	} {
		objects, err := load(ctx, c.path)
		if err != nil {
			return nil, err
		}
		recording, err := verify.NewRecording(o.verify(verify.Options{Objects: objects, Dialect: c.dialect}))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.path, err)
		}
		all = append(all, &mutants.Target{Name: c.name, Recording: recording, Owns: emitted})
	}
	return all, nil
}

// verify completes the options that say what is compared.
func (o *options) verify(options verify.Options) verify.Options {
	options.Native = verify.NativeCommand{Path: o.native}
	options.Translate = func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
		meta := opa.Meta{Engine: verify.OPAVersion(), Dialect: dialect, ServerVersion: translate.OldestServer, WarnDefaults: true}
		if options.Generate {
			meta.ServerVersion = serverOf(objects)
		}
		return opa.FromObjects(ctx, rego.Files, objects, meta)
	}
	options.Cases, options.Seed, options.Workers = o.cases, o.seed, o.workers
	return options
}

// servers are the API servers that bundles of generated clusters are for: mostly 1.24, and those before and after which something changes.
var servers = []int{translate.OldestServer, translate.OldestServer, translate.OldestServer, translate.OldestServer, 25, 29, 30, translate.NewestServer}

// serverOf is the API server that a generated cluster's bundle is for. It depends on the cluster alone.
func serverOf(objects []json.RawMessage) int {
	digest := fnv.New32a()
	for _, object := range objects {
		digest.Write(object)
	}
	return servers[digest.Sum32()%uint32(len(servers))]
}

func load(ctx context.Context, path string) ([]json.RawMessage, error) {
	source := manifest.Source{Name: path, FS: os.DirFS(filepath.Dir(path)), Path: filepath.Base(path)}
	cluster, list, err := translate.Load(ctx, []manifest.Source{source})
	if err == nil && cluster == nil {
		err = errors.New("it cannot be translated")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", path, err, list)
	}
	return cluster.Objects, nil
}
