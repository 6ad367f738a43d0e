// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const dialectKubernetes, dialectMKE = "kubernetes", "mke"

// choice is a flag that takes one of a few words; anything else is refused when the command line is read.
type choice struct {
	value   string
	allowed []string
}

var _ pflag.Value = (*choice)(nil)

func newChoice(allowed ...string) *choice { return &choice{value: allowed[0], allowed: allowed} }

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(word string) error {
	if !slices.Contains(c.allowed, word) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = word
	return nil
}

// noArguments refuses words that no flag introduces.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q; see %s --help", args[0], cmd.CommandPath())
	}
	return nil
}

// input is what every command reads: the policies and bindings, and the dialect to judge them by.
type input struct {
	paths   []string
	dialect *choice
}

func (in *input) addFlags(cmd *cobra.Command) {
	in.dialect = newChoice(dialectKubernetes, dialectMKE)
	cmd.Flags().StringArrayVarP(&in.paths, "filename", "f", nil, "file, folder or - to read; repeatable")
	cmd.Flags().Var(in.dialect, "dialect", "whose group names to follow")
}
