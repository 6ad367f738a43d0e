// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"psp2rego/translate"
	input "psp2rego/translate/manifest"
	"psp2rego/translate/rbac"
)

// FromObjects makes the bundle of objects by the way that all input takes, as bytes of a stream, and gives it as a tarball.
// Unlike input on the command line, a cluster without policies has a bundle, too, which refuses every pod.
func FromObjects(ctx context.Context, library fs.FS, objects []json.RawMessage, meta Meta) ([]byte, error) {
	cluster, err := ClusterOf(ctx, objects)
	if err != nil {
		return nil, err
	}
	out, err := translate.Compile(ctx, cluster, meta.Options())
	if err != nil {
		return nil, fmt.Errorf("translate: %w", err)
	}
	bundle, err := Build(library, out, meta)
	if err != nil {
		return nil, err
	}
	return bundle.Tarball()
}

// ClusterOf reads objects as the bytes of a stream. There may be none, and no policy among them.
func ClusterOf(ctx context.Context, objects []json.RawMessage) (*translate.Cluster, error) {
	var stream bytes.Buffer
	for _, object := range objects {
		stream.Write(object)
		stream.WriteString("\n---\n")
	}
	cluster, list, err := translate.Load(ctx, []input.Source{{Name: "objects", Reader: &stream}})
	switch {
	case errors.Is(err, translate.ErrNothing), len(objects) == 0:
		grants, provenance, _ := rbac.Compile(rbac.Input{})
		cluster = &translate.Cluster{Grants: grants, Provenance: provenance}
	case err != nil:
		return nil, fmt.Errorf("%w:\n%s", err, list)
	case cluster == nil:
		return nil, fmt.Errorf("the objects cannot be translated:\n%s", list)
	}
	return cluster, nil
}
