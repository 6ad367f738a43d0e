// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"psp2rego/translate/diagnostic"
)

// source reads one source and complains if it holds no object at all: an empty dump is more likely a command that failed
// than a cluster without policies.
func (r *reader) source(ctx context.Context, s Source) {
	failures, objects := r.failures, r.seen
	switch {
	case s.FS == nil:
		r.stream(ctx, s.Name, s.Reader, -1)
	default:
		r.path(ctx, s)
	}
	r.flush(ctx)
	if r.seen == objects && r.failures == failures && ctx.Err() == nil {
		r.fail(diagnostic.Diagnostic{
			Pos: diagnostic.Position{File: s.Name}, Code: diagnostic.NoObjects,
			Message: "there is no object in it",
			Hint:    "did the command that should have written it fail?",
		})
	}
}

// path reads a file, or the manifests of a folder.
func (r *reader) path(ctx context.Context, s Source) {
	info, err := fs.Stat(s.FS, s.Path)
	if err != nil {
		r.unopened(s.Name, err)
		return
	}
	if !info.IsDir() {
		r.open(ctx, s.FS, s.Path, s.Name)
		return
	}
	found := false
	err = fs.WalkDir(s.FS, s.Path, func(p string, entry fs.DirEntry, err error) error {
		name := path.Join(s.Name, p)
		if s.Path != "." {
			name = path.Join(s.Name, strings.TrimPrefix(p, s.Path))
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.unopened(name, err)
		case entry.IsDir():
		case entry.Type()&fs.ModeSymlink != 0:
			found = r.link(ctx, s.FS, p, name) || found
		case isManifest(p):
			found = true
			r.regular(ctx, s.FS, p, name, entry.Type())
		}
		return nil
	})
	if err == nil && !found {
		r.fail(diagnostic.Diagnostic{
			Pos: diagnostic.Position{File: s.Name}, Code: diagnostic.NoObjects,
			Message: "there is no *.yaml, *.yml or *.json file in this folder",
			Hint:    "files with other names are read only if they are given one by one",
		})
	}
}

// link reads the target of a symbolic link if it is a manifest. Links to folders are not followed, so they cannot loop.
// It reports whether there was something to read.
func (r *reader) link(ctx context.Context, fsys fs.FS, p, name string) bool {
	info, err := fs.Stat(fsys, p)
	switch {
	case err == nil && info.IsDir():
		r.diags.Add(diagnostic.Diagnostic{
			Pos: diagnostic.Position{File: name}, Severity: diagnostic.Warning, Code: diagnostic.LinkSkipped,
			Message: "this symbolic link to a folder is not followed",
			Hint:    "give the folder itself if its manifests matter",
		})
		return false
	case !isManifest(p):
		return false
	case err != nil:
		r.unopened(name, err)
	default:
		r.regular(ctx, fsys, p, name, info.Mode().Type())
	}
	return true
}

// regular opens a file found in a folder; a pipe or a device there could block for ever.
func (r *reader) regular(ctx context.Context, fsys fs.FS, p, name string, mode fs.FileMode) {
	if mode != 0 {
		r.unopened(name, errors.New("not a regular file"))
		return
	}
	r.open(ctx, fsys, p, name)
}

func (r *reader) open(ctx context.Context, fsys fs.FS, p, name string) {
	f, err := fsys.Open(p)
	if err != nil {
		r.unopened(name, err)
		return
	}
	defer f.Close()
	size := int64(-1)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	r.stream(ctx, name, f, size)
}

// stream reads a file to its end. The size, if it is known (not negative), lets a large file be refused unread.
func (r *reader) stream(ctx context.Context, name string, in io.Reader, size int64) {
	if ctx.Err() != nil {
		return
	}
	if size > MaxFileSize {
		r.tooLarge(name, fmt.Sprintf("the file has %d MiB; at most %d MiB are read", size>>20, MaxFileSize>>20))
		return
	}
	data, err := readAll(in, size)
	switch {
	case err != nil:
		r.unopened(name, err)
		return
	case len(data) > MaxFileSize:
		r.tooLarge(name, fmt.Sprintf("there are more than %d MiB to read", MaxFileSize>>20))
		return
	case r.total+len(data) > MaxTotalSize:
		r.tooLarge(name, fmt.Sprintf("with this file the input has more than %d MiB", MaxTotalSize>>20))
		return
	}
	r.total += len(data)
	r.file(ctx, &file{name: name, data: data})
}

// readAll reads at most one byte more than a file may have. A buffer of the right size is not grown.
func readAll(in io.Reader, size int64) ([]byte, error) {
	in = io.LimitReader(in, MaxFileSize+1)
	if size < 0 {
		return io.ReadAll(in)
	}
	data := make([]byte, 0, size+1)
	for {
		n, err := in.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
}

func isManifest(p string) bool {
	switch path.Ext(p) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func (r *reader) tooLarge(name, message string) {
	r.fail(diagnostic.Diagnostic{
		Pos: diagnostic.Position{File: name}, Code: diagnostic.TooLarge, Message: message,
		Hint: "dump only policies and RBAC: kubectl get psp,clusterroles,clusterrolebindings,roles,rolebindings -A -o json",
	})
}

// unopened reports a file that the system would not give us. The path is in the position already.
func (r *reader) unopened(name string, err error) {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	r.fail(diagnostic.Diagnostic{
		Pos: diagnostic.Position{File: name}, Code: diagnostic.Unreadable, Message: "cannot be read: " + err.Error(),
	})
}
