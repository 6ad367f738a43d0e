// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
	"psp2rego/translate/manifest"
	"psp2rego/verify"
)

// load reads what the flags name and prints every diagnostic. It returns errFinding for input that was read but cannot be
// translated.
func (in *input) load(cmd *cobra.Command) (*translate.Cluster, error) {
	sources, err := openSources(in.paths, cmd.InOrStdin())
	if err != nil {
		return nil, err
	}
	cluster, list, err := translate.Load(cmd.Context(), sources)
	_, err = loaded(cmd, cluster, list, err)
	return cluster, err
}

// loaded prints what there is to say about input that was read, and gives its objects.
func loaded(cmd *cobra.Command, cluster *translate.Cluster, list diagnostic.List, err error) ([]json.RawMessage, error) {
	if printErr := printDiagnostics(cmd.ErrOrStderr(), list); printErr != nil {
		return nil, printErr
	}
	switch {
	case err != nil:
		return nil, err
	case cluster == nil:
		return nil, errFinding
	}
	return cluster.Objects, nil
}

func printDiagnostics(w io.Writer, list diagnostic.List) error {
	_, err := io.WriteString(w, list.String())
	return err
}

// openSources turns -f arguments into sources. Whether they can be read is left to the reader, which says so in the same
// way for all of them.
func openSources(paths []string, stdin io.Reader) ([]manifest.Source, error) {
	if len(paths) == 0 {
		return nil, errors.New("nothing to read: name files, folders or - with -f")
	}
	sources := make([]manifest.Source, 0, len(paths))
	for i, path := range paths {
		switch {
		case path == "":
			return nil, errors.New("-f names nothing")
		case path == "-":
			sources = append(sources, manifest.Source{Name: "stdin", Reader: stdin})
			stdin = nil
			for _, other := range paths[i+1:] {
				if other == "-" {
					return nil, errors.New("-f - stands twice; standard input can be read once")
				}
			}
		default:
			sources = append(sources, openSource(path))
		}
	}
	return sources, nil
}

func openSource(path string) manifest.Source {
	source := manifest.Source{Name: filepath.ToSlash(filepath.Clean(path))}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		source.FS, source.Path = os.DirFS(path), "."
		return source
	}
	source.FS, source.Path = os.DirFS(filepath.Dir(path)), filepath.Base(path)
	return source
}

func metaOf(options translate.Options) opa.Meta {
	return opa.Meta{
		Version: options.Version, Engine: verify.OPAVersion(), Dialect: options.Dialect, ServerVersion: options.ServerVersion,
	}
}

// build compiles a cluster and puts the result, with what is to go with it, into a bundle, which may warn of what policies fill in.
func build(
	ctx context.Context, cluster *translate.Cluster, options translate.Options, warnDefaults bool, more ...translate.File,
) (*opa.Bundle, error) {
	out, err := translate.Compile(ctx, cluster, options)
	if err != nil {
		return nil, fmt.Errorf("translate: %w", err)
	}
	out.Files = append(out.Files, more...)
	meta := metaOf(options)
	meta.WarnDefaults = warnDefaults
	return opa.Build(rego.Files, out, meta)
}
