// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxTarball bounds what is unpacked of a tarball. OPA's own limit per file is the same.
const maxTarball = 1 << 30

// WriteTarball writes the bundle as a gzip-compressed tar archive: files sorted, bytes verbatim, no times, no owners.
// OPA's own bundle writer is not used because it joins the data files and drops what is neither module nor data.
func (b *Bundle) WriteTarball(w io.Writer) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	tw := tar.NewWriter(zw)
	for _, f := range b.Files {
		header := tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Size: int64(len(f.Data)), Mode: 0o644}
		if err := tw.WriteHeader(&header); err != nil {
			return fmt.Errorf("write bundle file %s: %w", f.Path, err)
		}
		if _, err := tw.Write(f.Data); err != nil {
			return fmt.Errorf("write bundle file %s: %w", f.Path, err)
		}
	}
	if err := tw.Close(); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

// WriteFile writes the tarball to name: first beside it, then by a rename, so that name is at all times absent, the old
// bundle or the new one. A tarball whose files were changed is refused with a *ConflictError unless force is set; a file
// that is no such bundle is refused always, with ErrForeign.
func (b *Bundle) WriteFile(ctx context.Context, name string, force bool) (err error) {
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		name = resolved
	}
	disk, err := readTarball(name)
	if err != nil {
		return err
	}
	if err := b.compare(name, disk); err != nil {
		var conflict *ConflictError
		if !force || !errors.As(err, &conflict) {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(name), "."+filepath.Base(name)+".")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()

	staged := filepath.Join(temp, "bundle.tar.gz")
	file, err := os.Create(staged)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	if err := errors.Join(b.WriteTarball(buffered), buffered.Flush(), file.Close(), ctx.Err()); err != nil {
		return err
	}
	return os.Rename(staged, name)
}

// readTarball gives the files of a tarball; none if there is no file of that name.
func readTarball(name string) (map[string][]byte, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	files, err := unpack(bufio.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w (%w)", name, ErrForeign, err)
	}
	return files, nil
}

// unpack gives the files of a tarball, of which each stands in it once. The whole of it has to be there.
func unpack(r io.Reader) (map[string][]byte, error) {
	zr, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("no .tar.gz: %w", err)
	}
	files := map[string][]byte{}
	limited := &io.LimitedReader{R: zr, N: maxTarball}
	for tr := tar.NewReader(limited); ; {
		header, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, damaged(err, limited)
		}
		if header.Typeflag != tar.TypeReg {
			return nil, fmt.Errorf("holds %q, which is no regular file", header.Name)
		}
		if _, twice := files[header.Name]; twice {
			return nil, fmt.Errorf("holds %q twice", header.Name)
		}
		if files[header.Name], err = io.ReadAll(tr); err != nil {
			return nil, damaged(err, limited)
		}
	}
	// What follows the archive's end is padding; gzip's checksum is behind it.
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return nil, damaged(err, limited)
	}
	if limited.N == 0 {
		return nil, errLarge
	}
	if len(files) == 0 {
		return nil, errors.New("an empty archive")
	}
	return files, nil
}

var errLarge = errors.New("larger than a bundle can be")

func damaged(err error, read *io.LimitedReader) error {
	if read.N == 0 {
		return errLarge
	}
	return fmt.Errorf("truncated or damaged: %w", err)
}
