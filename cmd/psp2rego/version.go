// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"psp2rego/verify"
)

// toolVersion is the version that the Go toolchain stamped into the binary; "(devel)" if it did not.
func toolVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "version",
		Long: versionHelp,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "psp2rego %s\nopa %s\n%s\n", toolVersion(), verify.OPAVersion(), runtime.Version())
			return err
		},
	}
}

const versionHelp = `Print the versions of psp2rego, of the OPA it was built with, and of Go.

Usage:  psp2rego version
`
