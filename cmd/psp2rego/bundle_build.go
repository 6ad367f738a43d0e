// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

type bundleBuildOptions struct {
	input
	output string
}

func newBundleBuildCommand() *cobra.Command {
	o := &bundleBuildOptions{}
	cmd := &cobra.Command{
		Use:  "build",
		Long: bundleBuildHelp,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.addFlags(cmd)
	cmd.Flags().StringVarP(&o.output, "output", "o", "", ".tar.gz to write, - for standard output")
	return cmd
}

func (o *bundleBuildOptions) run(cmd *cobra.Command) error {
	if o.output == "" {
		return errors.New("nowhere to write: name a .tar.gz with -o (- is standard output)")
	}
	cluster, err := o.load(cmd)
	if err != nil {
		return err
	}
	bundle, err := build(cmd.Context(), cluster, o.dialect.value)
	if err != nil {
		return err
	}
	if o.output == "-" {
		return bundle.WriteTarball(cmd.OutOrStdout())
	}
	return bundle.WriteFile(cmd.Context(), o.output, false)
}

const bundleBuildHelp = `Write an OPA bundle tarball.

Usage:  psp2rego bundle build -f PATH... -o FILE.tar.gz [flags]
`
