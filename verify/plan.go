// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"psp2rego/verify/cases"
)

// Plan is what a run sets out to do. Runs with the same plan, seed and versions ask the same; those
// whose plans differ in the shard alone are parts of one run.
type Plan struct {
	// Inputs is a digest of what decides and of what steers the search.
	Inputs string `json:"inputs"`
	// Cases is the number of cases that all shards together are asked for; zero is no bound.
	Cases int   `json:"cases"`
	Shard Shard `json:"shard"`
	Keep  int   `json:"keep"` // see Options; zero is no bound
}

func (o *Options) plan() (*Plan, error) {
	inputs, err := o.inputs()
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return &Plan{Inputs: inputs, Cases: o.Cases, Shard: o.Shard, Keep: o.Keep}, nil
}

// inputs is the digest for Plan.
func (o *Options) inputs() (string, error) {
	digest := sha256.New()
	for _, path := range o.judged() {
		if err := digestFiles(digest, path); err != nil {
			return "", err
		}
	}
	err := json.NewEncoder(digest).Encode(struct {
		Dialect, Judged               string
		Generate, Translate           bool
		Constraints, LiveRBAC         bool `json:",omitempty"`
		PerCluster, Shrink, StopAfter int
		Settings                      *cases.Settings
		Cluster                       string `json:",omitempty"`
		Objects                       []json.RawMessage
	}{
		o.Dialect, hex.EncodeToString(digest.Sum(nil)), o.Generate, o.Translate != nil, o.Constraints, o.LiveRBAC,
		o.PerCluster, o.Shrink, o.StopAfter, o.Settings, o.clusterAsked(), o.Objects,
	})
	return hex.EncodeToString(digest.Sum(nil)), err
}

// digestFiles takes in the file, or all files below the folder in the order of their names.
func digestFiles(digest hash.Hash, path string) error {
	root := os.DirFS(path)
	if info, err := os.Stat(path); err != nil {
		return err
	} else if !info.IsDir() {
		return digestFile(digest, func() (fs.File, error) { return os.Open(path) })
	}
	return fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		fmt.Fprintf(digest, "%q\n", name)
		return digestFile(digest, func() (fs.File, error) { return root.Open(name) })
	})
}

func digestFile(digest hash.Hash, open func() (fs.File, error)) error {
	file, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	size, err := io.Copy(digest, file)
	fmt.Fprintf(digest, " %d\n", size)
	return err
}
