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
		newBundleSignCommand(),
		newBundleInspectCommand(),
		newBundlePushCommand(),
		newBundlePullCommand(),
		newBundleManifestsCommand(),
		newBundleServeCommand(),
	)
	return cmd
}

// oneArgument demands exactly one word that no flag introduces.
func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s is needed, and one alone; see %s --help", what, cmd.CommandPath())
		}
		return nil
	}
}

const bundleHelp = `Pack, sign, check and ship OPA bundles.

Usage:  psp2rego bundle COMMAND [flags]

  build         translate, or take a translated folder, and pack it, signed if there is a key
  sign          sign a tarball, so that OPA can tell who made it
  inspect       say what a bundle is, and what was changed in it
  push          store a tarball in an OCI registry, in the form that OPA downloads
  pull          fetch one, and check it
  manifests     write what runs OPA as the webhook of a cluster
  serve         serve a bundle to OPA, and new revisions of it when its input changes

Every command has --help.

Exit codes:  0 done, nothing found   1 a finding   2 the job could not be done
`
