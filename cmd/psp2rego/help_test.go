// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
)

// allCommands are the command and all below it.
func allCommands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, below := range cmd.Commands() {
		all = append(all, allCommands(below)...)
	}
	return all
}

// TestHelpNamesEveryFlagAndNoOther holds the texts, which are written by hand, against the flags that exist.
func TestHelpNamesEveryFlagAndNoOther(t *testing.T) {
	mentioned := regexp.MustCompile(`(?m)^ +(?:-\w, )? *(--[a-z0-9-]+)`)
	for _, cmd := range allCommands(newRootCommand())[1:] {
		var flags, told []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			flags = append(flags, "--"+f.Name)
			if f.Shorthand != "" && !strings.Contains(cmd.Long, "-"+f.Shorthand+", --"+f.Name) {
				t.Errorf("%s: the help does not show -%s", cmd.Name(), f.Shorthand)
			}
		})
		for _, match := range mentioned.FindAllStringSubmatch(cmd.Long, -1) {
			told = append(told, match[1])
		}
		slices.Sort(flags)
		slices.Sort(told)
		if d := cmp.Diff(flags, told); d != "" {
			t.Errorf("%s: (-flags +help)\n%s", cmd.Name(), d)
		}
	}
}

func TestHelpFitsAScreen(t *testing.T) {
	root := newRootCommand()
	for _, cmd := range allCommands(root) {
		lines := strings.Split(cmd.Long, "\n")
		if len(lines) > 41 && cmd.Name() != "codes" {
			t.Errorf("%s: the help has %d lines", cmd.Name(), len(lines)-1)
		}
		for _, line := range lines {
			if len(line) > 120 {
				t.Errorf("%s: a line of %d characters: %s", cmd.Name(), len(line), line)
			}
		}
	}
}

// TestHelpExamplesAreAcceptedAsTheyStand parses the examples of every help text as the command line would.
func TestHelpExamplesAreAcceptedAsTheyStand(t *testing.T) {
	root := newRootCommand()
	examples := 0
	for _, cmd := range allCommands(root) {
		for line := range strings.SplitSeq(cmd.Long, "\n") {
			before, call, ok := strings.Cut(line, "psp2rego ")
			if !ok || before != "  " && before != "    " {
				continue
			}
			examples++
			call, _, _ = strings.Cut(call, " > ") // that part is the shell's
			if err := parses(strings.Fields(call)); err != nil {
				t.Errorf("%s: %q: %v", cmd.Name(), call, err)
			}
		}
	}
	if examples < 8 {
		t.Errorf("found %d examples", examples)
	}
}

func parses(args []string) error {
	root := newRootCommand()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// TestTheListOfCodesIsDocumented keeps docs/diagnostics.md equal to what the program knows; UPDATE=1 rewrites it.
func TestTheListOfCodesIsDocumented(t *testing.T) {
	const name = "../../docs/diagnostics.md"
	var want bytes.Buffer
	want.WriteString("# Diagnostics\n\n" +
		"What psp2rego says about its input is printed on standard error as `file:line:column: severity: field: message [CODE]`,\n" +
		"mostly with a hint on the next line. Errors stop the translation; warnings and notes do not. A code keeps its meaning.\n" +
		"`psp2rego help codes` prints this list.\n\n" +
		"| code | finding | what it means | what to do |\n|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace
	for _, c := range diagnostic.Codes() {
		fmt.Fprintf(&want, "| %s | %s | %s | %s |\n", c.ID, cell(c.Title), cell(c.Explanation), cell(c.Hint))
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.String(), string(got)); d != "" {
		t.Error(d)
	}
}

// The default is told, and nowhere else than in one constant.
func TestHelpNamesTheNewestServer(t *testing.T) {
	told := 0
	for _, cmd := range allCommands(newRootCommand()) {
		if cmd.Flags().Lookup("server-version") == nil {
			continue
		}
		told++
		if want := fmt.Sprintf("(1.%d)", translate.NewestServer); !strings.Contains(cmd.Long, want) {
			t.Errorf("%s: the help does not say %s", cmd.Name(), want)
		}
	}
	if told < 4 {
		t.Errorf("%d commands have the flag", told)
	}
}
