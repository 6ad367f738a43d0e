// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"psp2rego/translate"
)

// WriteDir makes dir hold this bundle and nothing else. The files are staged in a folder beside dir, which then takes
// dir's place in one step, so that dir is never half written; modules whose policy is gone go with the old folder. A dir
// that already holds exactly these files is left untouched.
//
// It refuses with a *ConflictError, unless force is set, where that would lose somebody's edits, additions or deletions.
// It refuses always, with ErrForeign, a folder that is not empty and holds no bundle of psp2rego, and one that holds
// hidden entries besides manifest and signature (.git, say).
func (b *Bundle) WriteDir(ctx context.Context, dir string, force bool) (err error) {
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	dir = filepath.Clean(dir)
	if base := filepath.Base(dir); base == "." || base == ".." || base == string(filepath.Separator) {
		return fmt.Errorf("%s: a folder that cannot be replaced; name one inside it", dir)
	}
	disk, err := readDir(ctx, dir)
	if err != nil {
		return err
	}
	if err := b.compare(dir, disk); err != nil {
		var conflict *ConflictError
		if !force || !errors.As(err, &conflict) {
			return err
		}
	}
	if sameFiles(b.Files, sortedFiles(disk)) {
		return nil
	}

	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	staged := filepath.Join(temp, "new")
	if err := b.stage(ctx, staged); err != nil {
		return err
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(staged, dir)
	}
	return exchange(staged, dir, filepath.Join(temp, "old"))
}

func (b *Bundle) stage(ctx context.Context, dir string) error {
	for _, f := range b.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// readDir gives the files of dir by slash-separated path; none if there is no dir.
func readDir(ctx context.Context, dir string) (map[string][]byte, error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s: not a folder", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	// The manifest decides before anything is read: whoever names their home folder gets an answer at once.
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if _, ok := decodeManifest(data); err != nil || !ok {
		return nil, fmt.Errorf("%s: not empty, and %w", dir, ErrForeign)
	}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, ".") && name != manifestName && name != signaturesName {
			return nil, fmt.Errorf("%s: holds %s besides the bundle: %w", dir, entry.Name(), ErrForeign)
		}
	}

	files := map[string][]byte{}
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s: not a regular file: %w", name, ErrForeign)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, name)
		files[filepath.ToSlash(relative)] = data
		return err
	})
	return files, err
}

func sortedFiles(files map[string][]byte) []translate.File {
	list := make([]translate.File, 0, len(files))
	for path, data := range files {
		list = append(list, translate.File{Path: path, Data: data})
	}
	slices.SortFunc(list, func(a, b translate.File) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// exchangeByRenames does in two steps what exchange does in one, for systems without such a call: between the two, target
// is absent and old holds what it was. A refused second step puts it back.
func exchangeByRenames(staged, target, old string) error {
	if err := os.Rename(target, old); err != nil {
		return err
	}
	if err := os.Rename(staged, target); err != nil {
		return errors.Join(err, os.Rename(old, target))
	}
	return nil
}
