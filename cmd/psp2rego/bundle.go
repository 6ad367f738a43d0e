// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newBundleCommand is the group of everything that is done with a finished bundle.
func newBundleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "bundle",
		Long: bundleHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q for %q; see %s --help", args[0], cmd.CommandPath(), cmd.CommandPath())
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(
		newBundleBuildCommand(),
	)
	return cmd
}

const bundleHelp = `Pack, sign, check and ship OPA bundles.

Usage:  psp2rego bundle COMMAND [flags]

  build         translate, or take a translated folder, and pack it, signed if there is a key

Every command has --help.

Exit codes:  0 done, nothing found   1 a finding   2 the job could not be done
`
