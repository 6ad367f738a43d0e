// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"io/fs"

	"psp2rego/translate/manifest"
)

// rereadable makes sources whose bytes are kept when they are read, and with again the same sources once more: they give the bytes that were kept, also of
// pipes, and of files that have changed since. The first ones have to be read to their ends before.
func rereadable(sources []manifest.Source) (first []manifest.Source, again func() []manifest.Source) {
	kept := make([]bytes.Buffer, len(sources))
	for i, s := range sources {
		if s.FS == nil {
			s.Reader = io.TeeReader(s.Reader, &kept[i])
		} else {
			s.FS = keeping{s.FS, map[string]*bytes.Buffer{}}
		}
		first = append(first, s)
	}
	return first, func() []manifest.Source {
		var second []manifest.Source
		for i, s := range first {
			if s.FS == nil {
				s.Reader = bytes.NewReader(kept[i].Bytes())
			}
			second = append(second, s)
		}
		return second
	}
}

// keeping is a file system that opens each file once, and from then on gives what was read of it. It may not be used concurrently.
type keeping struct {
	fs.FS
	kept map[string]*bytes.Buffer
}

// Open opens a file or a folder.
func (k keeping) Open(name string) (fs.File, error) {
	if data := k.kept[name]; data != nil {
		return keptFile{k, name, bytes.NewReader(data.Bytes())}, nil
	}
	file, err := k.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return file, nil // reading it, or walking it, says what is wrong
	}
	data := &bytes.Buffer{}
	k.kept[name] = data
	return keptRead{file, io.TeeReader(file, data)}, nil
}

// Stat and ReadDir open no file.
func (k keeping) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(k.FS, name) }
func (k keeping) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(k.FS, name) }

// keptRead is a file that is read for the first time.
type keptRead struct {
	fs.File
	tee io.Reader
}

func (f keptRead) Read(p []byte) (int, error) { return f.tee.Read(p) }

// keptFile is a file that was read before.
type keptFile struct {
	in   keeping
	name string
	*bytes.Reader
}

func (f keptFile) Stat() (fs.FileInfo, error) { return f.in.Stat(f.name) }
func (f keptFile) Close() error               { return nil }
