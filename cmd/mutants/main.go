// SPDX-License-Identifier: Apache-2.0

// Command mutants counts how many faults in the Rego the differential tester catches: it makes faulty versions of the library
// and of emitted policies, one fault each, and puts the cases of `psp2rego verify` to every one. docs/mutants.md tells more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"psp2rego/verify/mutants"
)

// Exit codes, those of psp2rego.
const (
	exitDone    = 0 // what has to be caught was caught
	exitFinding = 1 // something was not, or the lists that are kept are wrong
	exitFailed  = 2 // the job could not be done
)

// errFinding goes around what was found.
var errFinding = errors.New("the tester is not as good as it has to be")

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := &options{stdout: stdout, stderr: stderr, now: time.Now}
	err := o.parse(args)
	if err == nil {
		err = o.run(ctx)
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.Is(err, errFinding):
		fmt.Fprintln(stderr, err)
		return exitFinding
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	}
	fmt.Fprintf(stderr, "mutants: %v\n", err)
	return exitFailed
}

// options are the flags, and what else comes from outside.
type options struct {
	stdout, stderr io.Writer
	now            func() time.Time

	native, state, only     string
	score, equivalent, page string
	cluster, mke            string
	sample, cases, workers  int
	seed                    uint64
	list, force, all        bool
}

func (o *options) parse(args []string) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(o.stderr)
	flags.StringVar(&o.native, "native", os.Getenv("PSP2REGO_NATIVE"), "evaluator with the real admission plugin")
	flags.IntVar(&o.sample, "sample", 0, "judge so many mutants and compare with the last score, instead of all")
	flags.StringVar(&o.only, "only", "", "judge the mutants whose ids match this pattern, and print the survivors")
	flags.BoolVar(&o.all, "all", false, "judge all mutants, not one of each file and operator")
	flags.BoolVar(&o.list, "list", false, "print the mutants and judge none")
	flags.StringVar(&o.state, "state", "", "file that keeps the results of an interrupted run")
	flags.BoolVar(&o.force, "force", false, "write a score that is worse than the last")
	flags.IntVar(&o.cases, "cases", 20_000, "number of cases for each mutant, at most")
	flags.Uint64Var(&o.seed, "seed", 1, "what determines the cases")
	flags.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "number of mutants that are judged at once")
	flags.StringVar(&o.score, "score", "verify/mutants/score.txt", "the score that is kept")
	flags.StringVar(&o.equivalent, "equivalent", "verify/mutants/equivalent.txt", "mutants that are argued to be equivalent")
	flags.StringVar(&o.page, "page", "docs/mutants.md", "page that tells the score")
	flags.StringVar(&o.cluster, "cluster", "cmd/mutants/testdata/cluster.yaml", "cluster whose policies are made faulty")
	flags.StringVar(&o.mke, "mke", "testdata/mke", "cluster of dialect mke whose policies are made faulty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.native == "":
		return errors.New("the evaluator with the real admission plugin is missing: build it with `make native` and name it with -native or PSP2REGO_NATIVE")
	case o.cases < 1 || o.workers < 1 || o.sample < 0:
		return errors.New("-cases and -workers are at least 1, -sample at least 0")
	}
	path, err := filepath.Abs(o.native)
	o.native = path
	return err
}

func (o *options) run(ctx context.Context) error {
	debug.SetGCPercent(gcPercent)
	last, argued, err := o.kept()
	if err != nil {
		return err
	}
	targets, err := o.targets(ctx)
	if err != nil {
		return err
	}
	defer func() {
		for _, t := range targets {
			_ = t.Recording.Close()
		}
	}()
	plan, err := mutants.NewPlan(ctx, targets...)
	if err != nil {
		return err
	}
	if !o.all && o.only == "" {
		plan = plan.Spread()
	}
	switch {
	case o.list:
		return o.print(plan.Mutants)
	case o.only != "":
		return o.some(ctx, plan)
	case o.sample > 0:
		return o.part(ctx, plan, last, argued)
	}
	return o.whole(ctx, plan, last, argued)
}

// gcPercent lets the heap grow further than Go does by default; most of it is answers that stay.
const gcPercent = 200
