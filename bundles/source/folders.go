// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many links a path may lead through; Linux stops at as many.
const maxLinks = 40

// interest is what of the events in watched folders matters: a name by itself is true, a folder with all below it too.
type interest struct {
	names map[string]bool
	trees map[string]bool
}

func newInterest() *interest { return &interest{map[string]bool{}, map[string]bool{}} }

func (i *interest) has(name string) bool {
	if i.names[name] {
		return true
	}
	for ; ; name = filepath.Dir(name) {
		if i.trees[name] {
			return true
		}
		if name == filepath.Dir(name) {
			return false
		}
	}
}

// add watches every folder in which a change may change what the paths hold. What is watched already stays watched. Each
// folder is watched before it is looked at, so that no change is missed in between.
func (w *watcher) add() error {
	fresh := newInterest()
	note := func(do func()) {
		w.mu.Lock()
		defer w.mu.Unlock()
		do()
		maps.Copy(w.interest.names, fresh.names)
		maps.Copy(w.interest.trees, fresh.trees)
	}
	l := looker{
		name: func(folder, name string) error {
			note(func() { fresh.names[folder], fresh.names[name] = true, true })
			return w.watch(folder)
		},
		tree: func(folder string) error {
			note(func() { fresh.trees[folder] = true })
			return w.watch(folder)
		},
	}
	for _, path := range w.paths {
		if err := l.look(path); err != nil {
			return fmt.Errorf("watch %s: %w", path, err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interest = fresh
	return nil
}

// watch adds one folder. One that is gone meanwhile is missed by the reader.
func (w *watcher) watch(folder string) error {
	if err := w.Add(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// looker finds what has to be watched: names in folders, and folders with all they hold.
type looker struct {
	name func(folder, name string) error
	tree func(folder string) error
}

// look finds what matters to a path: itself and the links on the way to it, and if it is a folder, all below and where the
// links in it lead.
func (l looker) look(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	target, err := l.follow(path)
	if err != nil {
		return err
	}
	return filepath.WalkDir(target, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission): // the reader says so
			return nil
		case err != nil:
			return err
		case entry.IsDir():
			return l.tree(name)
		case entry.Type()&fs.ModeSymlink != 0:
			_, err := l.follow(name)
			return err
		}
		return nil
	})
}

// follow resolves a path, step by step, and finds its end, the links on the way, and what is missing. The target is where
// it ends.
func (l looker) follow(path string) (target string, err error) {
	root := filepath.VolumeName(path) + string(filepath.Separator)
	split := func(path string) []string {
		return strings.FieldsFunc(strings.TrimPrefix(path, root), func(r rune) bool { return r == filepath.Separator })
	}
	at, rest := root, split(path)
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		if err != nil || len(rest) == 0 || info.Mode()&fs.ModeSymlink != 0 {
			if err := l.name(at, next); err != nil {
				return "", err
			}
			info, err = os.Lstat(next) // as it is, now that it is watched
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return next, nil
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: more than %d links on the way", path, maxLinks)
		}
		link, err := os.Readlink(next)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(at, link)
		}
		at, rest = root, append(split(filepath.Clean(link)), rest...)
	}
	return at, nil
}
