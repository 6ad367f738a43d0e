// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"unicode/utf8"

	"psp2rego/translate/diagnostic"
)

// file is one file of the input. Its objects keep it alive, because positions are worked out when they are asked for.
type file struct {
	name string
	data []byte // without byte order mark
	raw  []byte // with it

	lines     []int32 // offsets at which lines start, once somebody asked
	linesOnce sync.Once

	sum     string
	sumOnce sync.Once
}

// position is the place of a byte. Columns count characters.
func (f *file) position(offset int) diagnostic.Position {
	f.linesOnce.Do(func() {
		f.lines = append(f.lines, 0)
		for i, c := range f.data {
			if c == '\n' {
				f.lines = append(f.lines, int32(i+1))
			}
		}
	})
	line, exact := slices.BinarySearchFunc(f.lines, int32(offset), cmp.Compare[int32])
	if exact {
		line++
	}
	start := int(f.lines[line-1])
	return diagnostic.Position{File: f.name, Line: line, Column: utf8.RuneCount(f.data[start:offset]) + 1}
}

// sha256 is the digest of the whole file.
func (f *file) sha256() string {
	f.sumOnce.Do(func() { f.sum = digest(f.raw) })
	return f.sum
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// notText says why the bytes cannot be a manifest, and from where on, or "" if they can.
func notText(data []byte) (reason, hint string, offset int) {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return "the file is UTF-16", "save it as UTF-8; Windows PowerShell's > writes UTF-16, Out-File -Encoding utf8 does not", 0
	case bytes.HasPrefix(data, []byte{0x1F, 0x8B}):
		return "the file is compressed with gzip", "unpack it first", 0
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return "the file is binary: it holds a NUL byte", "give manifests in YAML or JSON", i
	}
	if utf8.Valid(data) {
		return "", "", 0
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return "the file is binary or not UTF-8", "give manifests in YAML or JSON, saved as UTF-8", i
		}
		i += size
	}
	return "", "", 0
}
