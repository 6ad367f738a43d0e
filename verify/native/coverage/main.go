// SPDX-License-Identifier: Apache-2.0

// Command coverage measures how much of the upstream code that decides about pods the cases of
// psp2rego verify execute, and fails when it is less than unexecuted.txt says. It runs in
// verify/native and needs bin/psp2rego of the repository's root.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

const usage = `Measure which statements of Kubernetes' PodSecurityPolicy admission the cases execute.

Builds the evaluator with coverage, puts generated cases, the MKE scenario and the corpus to it through
psp2rego verify, and compares the statements that were not executed with verify/native/coverage/unexecuted.txt.

Usage:  go run ./coverage [flags]        (in verify/native)

Flags:
  --root DIR     root of the repository (../..)
  --cases N      number of generated cases (10000)
  --seed N       what determines the cases (1)
  --profile F    check this profile (go tool covdata textfmt) instead of measuring

Exit:  0 as listed and enough   1 the list is not right, or too little is executed   2 could not measure
`

var (
	errFinding = errors.New("the list of statements that are not executed is not right, or too few are executed")
	errUsage   = errors.New("see --help")
)

type options struct {
	root, profile string
	cases, seed   uint64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, errFinding):
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "coverage: %v\n", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := options{}
	flags := flag.NewFlagSet("coverage", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.root, "root", "../..", "")
	flags.StringVar(&o.profile, "profile", "", "")
	flags.Uint64Var(&o.cases, "cases", 10_000, "")
	flags.Uint64Var(&o.seed, "seed", 1, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(stdout, usage)
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", err, errUsage)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: %w", flags.Arg(0), errUsage)
	}
	listed, err := readList("coverage/unexecuted.txt")
	if err != nil {
		return err
	}
	if o.profile == "" {
		dir, err := os.MkdirTemp("", "psp2rego-coverage-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if o.profile, err = measure(ctx, o, dir, stderr); err != nil {
			return err
		}
	}
	statements, err := readStatements(ctx, o.profile)
	if err != nil {
		return err
	}
	return check(statements, listed).write(stdout)
}
