// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"psp2rego/verify"
)

// search are the flags that say how long a run searches, and which part of it this one does.
type search struct {
	duration       time.Duration
	shard, resume  string
	allowUndecided bool
}

func (s *search) addSearchFlags(flags *pflag.FlagSet) {
	flags.DurationVar(&s.duration, "duration", 0, "limit of time")
	flags.StringVar(&s.shard, "shard", "", "share of the run to do")
	flags.StringVar(&s.resume, "resume", "", "file with the state of the run")
	flags.BoolVar(&s.allowUndecided, "allow-undecided", false, "accept checks that did not decide both ways")
}

// set puts the flags into the options, and chooses the seed.
func (s *search) set(cmd *cobra.Command, o *verify.Options) error {
	o.Duration, o.Resume, o.AllowUndecided = s.duration, s.resume, s.allowUndecided
	if s.duration > 0 && !cmd.Flags().Changed("cases") {
		o.Cases = 0
	}
	if s.shard != "" {
		shard, err := verify.ParseShard(s.shard)
		if err != nil {
			return fmt.Errorf("--shard: %w", err)
		}
		o.Shard = shard
	}
	if cmd.Flags().Changed("seed") {
		return nil
	}
	if s.resume != "" {
		begun, err := verify.ReadReportFile(s.resume)
		if err == nil {
			o.Seed = begun.Seed
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("--resume: %w", err)
		}
	}
	if o.Shard.Of > 1 {
		return errors.New("--shard: give all shards the same --seed")
	}
	o.Seed = uint64(rand.Uint32())
	return nil
}

// explainBroken says how to look into a case that an evaluator did not survive.
func explainBroken(err error) error {
	broken := (*verify.CaseError)(nil)
	switch {
	case !errors.As(err, &broken):
		return err
	case broken.File == "":
		return fmt.Errorf("%w\n  nothing is proven; to keep the case, run again with --seed %d --record DIR", err, broken.Seed)
	}
	return fmt.Errorf("%w\n  nothing is proven; the case is kept: judge it alone with psp2rego verify --replay %s", err, broken.File)
}
