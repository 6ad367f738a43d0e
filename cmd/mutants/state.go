// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"psp2rego/verify/mutants"
)

// state is the file of an unfinished run: a fingerprint of everything that decides, then a result a line.
type state struct{ file *os.File }

// openState continues the file if its fingerprint is the present one, and else starts it anew. No name keeps nothing.
func openState(name, mark string) (*state, map[string]mutants.Result, error) {
	if name == "" {
		return nil, nil, nil
	}
	text, err := read(name)
	if err != nil {
		return nil, nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader([]byte(text)))
	lines.Buffer(nil, 1<<20)
	done := map[string]mutants.Result{}
	kept := bytes.NewBufferString(mark + "\n")
	for first := true; lines.Scan(); first = false {
		if first && lines.Text() != mark {
			break
		}
		var r mutants.Result
		if !first && json.Unmarshal(lines.Bytes(), &r) == nil { // the last line may be half written
			done[r.ID] = r
			kept.Write(append(lines.Bytes(), '\n'))
		}
	}
	if err := replaceFile(name, kept.Bytes()); err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0o644)
	return &state{file}, done, err
}

func (s *state) add(r mutants.Result) error {
	if s == nil {
		return nil
	}
	line, err := json.Marshal(r)
	if err == nil {
		_, err = s.file.Write(append(line, '\n'))
	}
	return err
}

// Close ends the file.
func (s *state) Close() error {
	if s == nil {
		return nil
	}
	return s.file.Close()
}

// fingerprint is that of this program, which holds the library, the translator and the generators, of the evaluator, of the
// mutants themselves and of the flags that decide. The policies that are made faulty show in the mutants.
func (o *options) fingerprint(all []mutants.Mutant) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, o.cases, o.seed)
	for _, name := range []string{self, o.native} {
		file, err := os.Open(name)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(sum, file)
		_ = file.Close()
		if err != nil {
			return "", err
		}
	}
	for _, m := range all {
		fmt.Fprintln(sum, m.ID)
		sum.Write(m.Text)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// replaceFile writes a file as a whole or not at all.
func replaceFile(name string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
