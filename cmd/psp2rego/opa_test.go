// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"

	opacmd "github.com/open-policy-agent/opa/cmd"
)

// opaTool is OPA's own command line, at the version that this module requires.
func opaTool() {
	err := opacmd.RootCommand.Execute()
	if exit := (*opacmd.ExitError)(nil); errors.As(err, &exit) {
		os.Exit(exit.Exit)
	}
	if err != nil {
		os.Exit(1)
	}
}
