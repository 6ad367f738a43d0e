// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"psp2rego/translate"
)

// ErrOccupied means that a folder holds something else than what is to be written.
var ErrOccupied = errors.New("the folder holds something else")

// Write makes dir hold files: all of them or, after an error, none. A dir that holds exactly these already is left untouched; any
// other that is not empty is refused with ErrOccupied, because people edit manifests.
func Write(dir string, files []translate.File) (err error) {
	same, err := holds(dir, files)
	if err != nil || same {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, ".psp2rego.")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	staged := filepath.Join(temp, "new")
	for _, f := range files {
		name := filepath.Join(staged, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			return err
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return err
	}
	return os.Rename(staged, dir)
}

// holds says whether dir holds these files and nothing else; one that is absent or empty holds nothing.
func holds(dir string, files []translate.File) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	want := make(map[string][]byte, len(files))
	for _, f := range files {
		want[f.Path] = f.Data
	}
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if wanted, ok := want[name]; err == nil && (!ok || !bytes.Equal(wanted, data)) {
			return fmt.Errorf("%s: %w (%s)", dir, ErrOccupied, name)
		}
		delete(want, name)
		return err
	})
	if err == nil && len(want) > 0 {
		err = fmt.Errorf("%s: %w (not all files)", dir, ErrOccupied)
	}
	return err == nil, err
}
