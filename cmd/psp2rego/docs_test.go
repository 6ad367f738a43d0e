// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCommandsInTheDocumentationPrintWhatItSays runs every command that a page shows behind "$ " in a console block, in
// order and from the project's folder, and compares what it prints. A line "..." in a block stands for any lines, and at a
// line's end for any text; UPDATE=1 rewrites the blocks that have none.
func TestCommandsInTheDocumentationPrintWhatItSays(t *testing.T) {
	for _, page := range []string{
		"README.md", "docs/mke.md", "docs/bundle.md", "docs/webhook.md", "docs/gatekeeper.md", "docs/verify-report.md", "docs/judging-others.md",
	} {
		t.Run(page, func(t *testing.T) {
			root, err := filepath.Abs("../..")
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(root, page))
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			for _, part := range []string{"testdata/mke", "testdata/gatekeeper", "docs/examples"} {
				if err := os.CopyFS(filepath.Join(folder, part), os.DirFS(filepath.Join(root, part))); err != nil {
					t.Fatal(err)
				}
			}
			native, gatekeeper := os.Getenv("PSP2REGO_NATIVE"), os.Getenv("PSP2REGO_GATEKEEPER")
			t.Chdir(folder)
			t.Setenv("PSP2REGO_NATIVE", native)
			t.Setenv("PSP2REGO_GATEKEEPER", gatekeeper)
			got := rewriteConsoles(t, string(text), native != "", gatekeeper != "")
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(filepath.Join(root, page), []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(text), got); d != "" {
				t.Error(d)
			}
		})
	}
}

const fence = "```"

// rewriteConsoles gives the page with what its commands print now. Those that need an evaluator which is not there are left
// as they are.
func rewriteConsoles(t *testing.T, page string, native, gatekeeper bool) string {
	t.Helper()
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(page, fence+"console\n")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		block, after, ok := strings.Cut(rest, fence+"\n")
		if !ok {
			t.Fatalf("a console block without end: %s", rest)
		}
		command, shown, _ := strings.Cut(block, "\n")
		command, ok = strings.CutPrefix(command, "$ ")
		if !ok {
			t.Fatalf("a console block without command: %s", block)
		}
		gator := strings.HasPrefix(command, "bin/gator ") && os.Getenv("PSP2REGO_GATOR") == ""
		verifies := strings.Contains(command, " verify ") || strings.Contains(command, " --tests ") || strings.HasPrefix(command, "bin/gator ")
		templates := strings.Contains(command, "testdata/gatekeeper") || strings.Contains(command, "--policies out/gatekeeper")
		if (native || !verifies) && (gatekeeper || !templates) && !gator {
			printed := runCommand(t, strings.Fields(command))
			if !native {
				shown = strings.ReplaceAll(shown, "\nKubernetes 1.24.17 decides the same.\n", "")
			}
			if !matches(shown, printed) {
				block = "$ " + command + "\n" + printed
			}
		}
		out.WriteString(fence + "console\n" + block + fence + "\n")
		page = after
	}
}

func runCommand(t *testing.T, args []string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if args[0] == "bin/psp2rego" {
		if status := run(args[1:], strings.NewReader(""), &stdout, &stderr); status == exitFailed {
			t.Errorf("%v: %s", args, stderr.String())
		}
	} else if printed, err := exec.CommandContext(t.Context(), toolOf(args[0]), args[1:]...).Output(); err != nil && (args[0] != "bin/gator" || !isFinding(err)) {
		t.Errorf("%v: %v", args, err)
	} else {
		stdout.Write(printed)
	}
	return stdout.String()
}

// toolOf is where a program of a page is.
func toolOf(name string) string {
	if name == "bin/gator" {
		return os.Getenv("PSP2REGO_GATOR")
	}
	return name
}

// isFinding says whether a program ended as one does that has found something.
func isFinding(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == exitFinding
}

// matches compares output with what a page shows of it.
func matches(shown, printed string) bool {
	head, tail, some := strings.Cut(shown, "...\n")
	if !some {
		return shown == printed
	}
	printed, ok := strings.CutPrefix(printed, head)
	if !ok {
		return false
	}
	tail, dots := strings.CutSuffix(tail, " ...\n")
	at := strings.LastIndex(printed, tail)
	return at >= 0 && (dots || printed[at:] == tail)
}
