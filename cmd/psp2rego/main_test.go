// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"psp2rego/translate"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"psp2rego": main, "faulty-native": faultyNative, "opa": opaTool})
}

// TestScripts runs the command-line scenarios. UPDATE=1 rewrites what they compare with.
func TestScripts(t *testing.T) {
	mke, err := filepath.Abs(mkeFolder)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs("../../docs/examples")
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Abs("../../testdata/gatekeeper")
	if err != nil {
		t.Fatal(err)
	}
	native, gatekeeper, gator := os.Getenv("PSP2REGO_NATIVE"), os.Getenv("PSP2REGO_GATEKEEPER"), os.Getenv("PSP2REGO_GATOR")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("NATIVE", native)
			faulty, err := exec.LookPath("faulty-native")
			if err != nil {
				return err
			}
			env.Setenv("FAULTY", faulty)
			env.Setenv("GATEKEEPER", gatekeeper)
			env.Setenv("GATOR", gator)
			if err := withRegistry(env); err != nil {
				return err
			}
			// The scenario is copied, so that output shows short, stable names.
			if err := os.CopyFS(filepath.Join(env.WorkDir, "mke"), os.DirFS(mke)); err != nil {
				return err
			}
			if err := os.CopyFS(filepath.Join(env.WorkDir, "gatekeeper"), os.DirFS(templates)); err != nil {
				return err
			}
			return os.CopyFS(filepath.Join(env.WorkDir, "examples"), os.DirFS(examples))
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "native":
				return native != "", nil
			case "gatekeeper":
				return gatekeeper != "", nil
			case "gator":
				return gator != "", nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "fill": cmdFill, "cmptree": cmdCmpTree, "listing": cmdListing, "replace": cmdReplace, "first": cmdFirst,
			"keys": cmdKeys, "envfile": cmdEnvFile, "cut": cmdCut, "tarball": cmdTarball, "untar": cmdUntar,
		},
	})
}

// cmdExits is `exits N command...`: runs the command and demands that very exit status.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// cmdFill is `fill FILE SIZE TEXT`: makes a file of SIZE bytes that repeats TEXT, whose \n are newlines and \0 zeroes.
func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fill FILE SIZE TEXT")
	}
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := strings.NewReplacer(`\n`, "\n", `\0`, "\x00").Replace(args[2])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Repeat(text, size/len(text)+1)[:size]), 0o600))
}

// cmdCmpTree is `cmptree A B`: demands that two folders hold the same files with the same bytes.
func cmdCmpTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cmptree A B")
	}
	a, b := files(ts, args[0]), files(ts, args[1])
	for name, data := range a {
		if other, ok := b[name]; !ok || other != data {
			ts.Fatalf("%s: not the same in %s and %s", name, args[0], args[1])
		}
		delete(b, name)
	}
	for name := range b {
		ts.Fatalf("%s: only in %s", name, args[1])
	}
}

// cmdListing is `listing DIR`: writes the sorted paths of all files below DIR, hidden ones too, to standard output.
func cmdListing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listing DIR")
	}
	err := filepath.WalkDir(ts.MkAbs(args[0]), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			relative, _ := filepath.Rel(ts.MkAbs(args[0]), name)
			_, err = ts.Stdout().Write([]byte(filepath.ToSlash(relative) + "\n"))
		}
		return err
	})
	ts.Check(err)
}

func files(ts *testscript.TestScript, dir string) map[string]string {
	found := map[string]string{}
	err := filepath.WalkDir(ts.MkAbs(dir), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		relative, _ := filepath.Rel(ts.MkAbs(dir), name)
		found[relative] = string(data)
		return err
	})
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("%s: no files", dir)
	}
	return found
}

// cmdReplace is `replace FILE OLD NEW`: replaces the one OLD in FILE; \n in NEW is a newline.
func cmdReplace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if strings.Count(text, args[1]) != 1 {
		ts.Fatalf("%s: holds %q %d times", args[0], args[1], strings.Count(text, args[1]))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], strings.ReplaceAll(args[2], `\n`, "\n"), 1)), 0o600))
}

// cmdFirst is `first DIR NAME`: copies the first file of DIR, by name, to NAME.
func cmdFirst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: first DIR NAME")
	}
	found := files(ts, args[0])
	name := slices.Min(slices.Collect(maps.Keys(found)))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(found[name]), 0o600))
}

// translateObjects makes bundles for the API server that the plugin is part of.
var translateObjects = translateFor(translate.OldestServer)
