// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/verify"
)

type verifyOptions struct {
	input
	policies                           []string
	replay, record, native, gatekeeper string
	generate                           bool
	cases                              int
	seed                               uint64
	format, engine, rbac               *choice
	search
	against
}

func newVerifyCommand() *cobra.Command {
	o := &verifyOptions{format: newChoice(verify.Formats()...), engine: newChoice(targetOPA, targetGatekeeper), rbac: newChoice(rbacSnapshot, rbacLive)}
	cmd := &cobra.Command{
		Use:  "verify",
		Long: fmt.Sprintf(verifyHelp, o.format.Type(), o.format),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.input.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.policies, "policies", nil, "bundle, or templates and constraints, to judge")
	flags.Var(o.engine, "engine", "for what to translate")
	flags.Var(o.rbac, "rbac", "where Gatekeeper's template has the grants from")
	flags.BoolVar(&o.generate, "generate", false, "generate policies and bindings, too")
	flags.IntVar(&o.cases, "cases", 10_000, "number of cases")
	o.addSearchFlags(flags)
	o.against.addFlags(flags)
	flags.Uint64Var(&o.seed, "seed", 0, "what determines the cases")
	flags.StringVar(&o.replay, "replay", "", "recorded case to judge again")
	flags.StringVar(&o.record, "record", "", "folder for divergences")
	flags.Var(o.format, "format", "form of the report")
	flags.StringVar(&o.native, "native", "", "evaluator with the real admission plugin")
	flags.StringVar(&o.gatekeeper, "gatekeeper", "", "evaluator with Gatekeeper")
	cmd.AddCommand(newVerifyMergeCommand())
	return cmd
}

func (o *verifyOptions) run(cmd *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	path, err := findNative(o.native)
	if err != nil {
		return err
	}
	options := verify.Options{
		Native:    nativeCommand(path),
		Translate: translateFor(o.server.minor),
		Dialect:   o.dialect.value,
		Generate:  o.generate,
		Cases:     o.cases,
		Seed:      o.seed,
		Shrink:    1000,
		Record:    o.record,
		Clock:     time.Now,
		Tool:      toolVersion(),
	}
	if err := errors.Join(o.judge(&options), o.translateForEngine(&options)); err != nil {
		return err
	}
	if len(o.policies) == 0 { // given bundles say themselves which API server they are for
		options.Server = o.server.String()
	}
	report, err := o.compare(cmd, options)
	if report != nil { // even when something went wrong after the cases were judged
		err = errors.Join(err, report.Write(cmd.OutOrStdout(), o.format.value))
	}
	if err != nil {
		return explainBroken(err)
	}
	return conclude(report)
}

// conclude is how a command ends that has shown the report.
func conclude(report *verify.Report) error {
	switch report.Outcome() {
	case verify.Diverging:
		return errFinding
	case verify.Inconclusive:
		return errors.New("no case could be judged, so nothing is proven")
	case verify.Unfinished:
		return fmt.Errorf("interrupted after %d cases; the report is on these alone", report.Cases())
	case verify.NotDecided:
		return fmt.Errorf("%d checks were not seen to decide both ways, so nothing is proven about them: see the report; "+
			"give more --cases, or accept it with --allow-undecided", len(report.Undecided()))
	}
	return nil
}

func (o *verifyOptions) compare(cmd *cobra.Command, options verify.Options) (report *verify.Report, err error) {
	if o.cluster {
		if err := o.open(cmd, o, &options); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, o.close(cmd.Context(), options.Live)) }()
	}
	if o.replay != "" {
		recorded, err := verify.ReadCaseFile(o.replay)
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		options.Command = commandLine(cmd)
		return verify.Replay(cmd.Context(), options, recorded)
	}
	switch {
	case o.cluster:
		options.Objects, err = o.objects(cmd, &o.input)
	case !o.generate:
		cluster, loadErr := o.load(cmd)
		if err = loadErr; err == nil {
			options.Objects = cluster.Objects
		}
	}
	if err != nil {
		return nil, err
	}
	if err := o.set(cmd, &options); err != nil {
		return nil, err
	}
	options.Command = append(commandLine(cmd, "seed", "record", "format", "resume"), "--seed", strconv.FormatUint(options.Seed, 10))
	progress := newProgress(cmd.ErrOrStderr(), time.Now, options.Duration)
	defer progress.clear()
	options.Progress = progress.show
	return verify.Run(cmd.Context(), options)
}

// judge finds out what --policies names.
func (o *verifyOptions) judge(options *verify.Options) error {
	if len(o.policies) == 0 {
		return nil
	}
	templates, err := verify.HoldTemplates(o.policies)
	switch {
	case err != nil:
		return fmt.Errorf("--policies: %w", err)
	case templates:
		options.Templates = o.policies
		options.Gatekeeper.Path, err = findGatekeeper(o.gatekeeper)
		return err
	case len(o.policies) > 1:
		return errors.New("--policies stands twice, and there is no ConstraintTemplate: a bundle is one folder or file")
	}
	options.Bundle = o.policies[0]
	return nil
}

// check refuses flags that contradict each other.
func (o *verifyOptions) check() error {
	if err := o.against.check(o); err != nil {
		return err
	}
	switch {
	case o.cases < 1:
		return fmt.Errorf("--cases %d: at least one is needed", o.cases)
	case o.duration < 0:
		return fmt.Errorf("--duration %s: it has to be longer than nothing", o.duration)
	case o.replay != "" && o.search != (search{}):
		return errors.New("--replay judges one case: leave --duration, --shard, --resume and --allow-undecided out")
	case o.replay != "" && (o.generate || len(o.paths) > 0):
		return errors.New("--replay brings its own policies: leave -f and --generate out")
	case o.engine.value == targetGatekeeper && len(o.policies) > 0:
		return errors.New("--policies are judged by what they are: leave --engine out")
	case o.engine.value == targetOPA && o.rbac.value != rbacSnapshot:
		return fmt.Errorf("--rbac %s is for Gatekeeper: give --engine %s, too", o.rbac, targetGatekeeper)
	case o.replay != "" && o.record != "":
		return errors.New("--replay judges a case that is recorded already: leave --record out")
	case o.generate && (len(o.paths) > 0 || len(o.policies) > 0):
		return errors.New("--generate makes its own policies: leave -f and --policies out")
	case o.replay == "" && !o.generate && !o.cluster && len(o.paths) == 0:
		return errors.New("nothing to verify: name files, folders or - with -f, or use --generate")
	}
	return nil
}

// commandLine is the command as it was called, in words, without some of its flags.
func commandLine(cmd *cobra.Command, without ...string) []string {
	words := strings.Fields(cmd.CommandPath())
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(without, f.Name) {
			return
		}
		name, values := "--"+f.Name, []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			if f.NoOptDefVal != "" {
				words = append(words, name+"="+value) // a flag that takes no word of its own
			} else {
				words = append(words, name, value)
			}
		}
	})
	return words
}

// translateFor makes bundles of given or generated objects, for an API server.
func translateFor(minor int) verify.Translate {
	return func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
		meta := metaOf(translate.Options{Dialect: dialect, ServerVersion: minor, Version: toolVersion()})
		return opa.FromObjects(ctx, rego.Files, objects, meta)
	}
}

const verifyHelp = `Check that a bundle decides pods exactly as Kubernetes' admission plugin does.

Asks the plugin of Kubernetes 1.24.17 and OPA with the bundle's bytes the same generated requests, and compares
decision, policy, mutated pod, message, audit annotations, on creation and on update, also of policies nobody may use.

Usage:  psp2rego verify -f PATH... | --generate | --against-cluster [flags]
        psp2rego verify merge FILE...               (see its own --help)

Input:
  -f, --filename PATH             file, folder or - (standard input); repeatable; a live API server gives the rest
      --dialect kubernetes|mke    whose group names to follow (kubernetes)
      --server-version 1.N        the API server that will ask (1.37)
      --engine opa|gatekeeper     what to translate for (opa)
      --rbac snapshot|live        whether Gatekeeper's grants are written down or read from its inventory (snapshot)
      --policies DIR|FILE         rules to judge, of any making; repeatable for Gatekeeper (what translate writes now)
      --generate                  generate policies and bindings, too
      --native PATH               the evaluator ($PSP2REGO_NATIVE, else psp2rego-native beside psp2rego)
      --gatekeeper PATH           its like for templates ($PSP2REGO_GATEKEEPER, else psp2rego-gatekeeper beside it)
Cluster:
      --against-cluster           ask a live API server, by dry runs: it is the plugin or, from 1.25, judged
      --kubeconfig FILE           how to reach it (KUBECONFIG, ~/.kube/config, or the pod's own account)
      --context NAME              context of the kubeconfig
      --rate N                    requests per second (25)
      --create-namespaces         make the namespaces that cases need, and remove them at the end
      --exempt-namespace NAME     try no pods there: the webhooks leave it alone; repeatable
Search and output:
      --cases N                   number of cases (10000; with --duration no bound)
      --duration TIME             end after so long, as 90s or 10m, and report on what was judged
      --seed N                    what determines the cases (random, always printed)
      --shard I/N                 do the Ith of N equal shares
      --resume FILE               keep the state of the run there, and go on from what it holds
      --allow-undecided           accept checks that were not seen to decide both ways
      --record DIR                write each divergence as a file that --replay takes
      --replay FILE               judge one recorded case again
      --format FORM               %s (%s)

Exit codes:  0 equivalent   1 divergences   2 could not compare, or some check was not seen to decide both ways

  psp2rego verify -f cluster/ --policies bundle --record divergences
  psp2rego verify --against-cluster --context old --cases 2000
`
