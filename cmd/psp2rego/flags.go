// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"psp2rego/translate"
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

// serverVersion is a version of Kubernetes, without its patch.
type serverVersion struct{ minor int }

var _ pflag.Value = (*serverVersion)(nil)

func (v *serverVersion) String() string { return fmt.Sprintf("1.%d", v.minor) }
func (v *serverVersion) Type() string   { return "1.N" }

func (v *serverVersion) Set(word string) error {
	for minor := translate.OldestServer; minor <= translate.NewestServer; minor++ {
		if word == fmt.Sprintf("1.%d", minor) {
			v.minor = minor
			return nil
		}
	}
	return fmt.Errorf("must be one of 1.%d to 1.%d", translate.OldestServer, translate.NewestServer)
}

// options are what Compile needs beside the cluster.
func (in *input) options() translate.Options {
	return translate.Options{Dialect: in.dialect.value, ServerVersion: in.server.minor, Version: toolVersion()}
}

// input is what every command reads: the policies and bindings, and the dialect to judge them by.
type input struct {
	paths   []string
	dialect *choice
	server  serverVersion
}

func (in *input) addFlags(cmd *cobra.Command) {
	in.dialect = newChoice(dialectKubernetes, dialectMKE)
	cmd.Flags().StringArrayVarP(&in.paths, "filename", "f", nil, "file, folder or - to read; repeatable")
	cmd.Flags().Var(in.dialect, "dialect", "whose group names to follow")
	in.server.minor = translate.NewestServer
	cmd.Flags().Var(&in.server, "server-version", "the API server that will ask")
}
