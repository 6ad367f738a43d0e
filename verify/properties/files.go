// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// unpack gives the files of a tarball by path.
func unpack(tarball []byte) (map[string][]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, fmt.Errorf("tarball: %w", err)
	}
	files := map[string][]byte{}
	for tr := tar.NewReader(zr); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("tarball: %w", err)
		}
		if files[header.Name], err = io.ReadAll(tr); err != nil {
			return nil, fmt.Errorf("tarball: %s: %w", header.Name, err)
		}
	}
}

const manifestPath = ".manifest"

// unrecorded is a file without the record of where things were read.
func unrecorded(path string, data []byte) []byte {
	switch {
	case path == manifestPath:
		return unrecordedManifest(data)
	case strings.HasPrefix(path, "lib/psp/policies/"):
		var kept []byte
		for line := range bytes.Lines(data) {
			if !bytes.HasPrefix(line, []byte("#   source: ")) && !bytes.HasPrefix(line, []byte("#   sha256: ")) {
				kept = append(kept, line...)
			}
		}
		return kept
	}
	return data
}

// unrecordedManifest leaves out the digests, which are those of files with records, and the revision, which is made of
// them. What is no manifest is left as it is.
func unrecordedManifest(data []byte) []byte {
	value, err := decode(data)
	manifest, ok := value.(map[string]any)
	if err != nil || !ok {
		return data
	}
	delete(manifest, "revision")
	if metadata, ok := manifest["metadata"].(map[string]any); ok {
		if record, ok := metadata["psp2rego"].(map[string]any); ok {
			delete(record, "sources")
			delete(record, "files")
		}
	}
	rest, err := json.Marshal(manifest)
	if err != nil {
		return data
	}
	return rest
}
