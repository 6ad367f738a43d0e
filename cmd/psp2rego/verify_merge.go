// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"psp2rego/verify"
)

func newVerifyMergeCommand() *cobra.Command {
	allowUndecided, format := false, newChoice(verify.Formats()...)
	cmd := &cobra.Command{
		Use:  "merge",
		Long: fmt.Sprintf(verifyMergeHelp, format.Type(), format),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("nothing to merge: name the reports of all shards")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return mergeReports(cmd, args, allowUndecided, format.value)
		},
	}
	cmd.Flags().BoolVar(&allowUndecided, "allow-undecided", false, "accept checks that did not decide both ways")
	cmd.Flags().Var(format, "format", "form of the report")
	return cmd
}

func mergeReports(cmd *cobra.Command, names []string, allowUndecided bool, format string) error {
	var reports []*verify.Report
	for _, name := range names {
		report, err := verify.ReadReportFile(name)
		if err != nil {
			return err
		}
		reports = append(reports, report)
	}
	merged, err := verify.MergeReports(reports)
	if err != nil {
		return err
	}
	merged.AllowUndecided = merged.AllowUndecided || allowUndecided
	if err := merged.Write(cmd.OutOrStdout(), format); err != nil {
		return err
	}
	return conclude(merged)
}

const verifyMergeHelp = `Put the reports of all shards together, as if the run had been made in one piece.

Reads the file that each shard of verify kept with --resume, prints the report of the whole run and ends as it
would have ended. Refuses files of different runs (seed, versions, input) and shards that are missing or twice there.

Usage:  psp2rego verify merge FILE... [flags]

      --allow-undecided           accept checks that were not seen to decide both ways
      --format FORM               %s (%s)

Exit codes:  0 equivalent   1 divergences   2 not all shards of one run, or some check was not seen to decide both ways

  # two machines share a search
  psp2rego verify --generate --seed 7 --cases 100000 --shard 1/2 --resume one.json
  psp2rego verify --generate --seed 7 --cases 100000 --shard 2/2 --resume two.json
  psp2rego verify merge one.json two.json
`
