// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"oras.land/oras-go/v2/registry/remote/credentials"

	"psp2rego/bundles/oci"
	"psp2rego/bundles/opa"
)

// registryFlags say how to reach a registry.
type registryFlags struct{ plainHTTP bool }

func (r *registryFlags) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&r.plainHTTP, "plain-http", false, "speak HTTP without TLS")
}

// options have the credentials that docker login and its like have stored.
func (r *registryFlags) options() (oci.Options, error) {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return oci.Options{}, fmt.Errorf("credentials of registries: %w", err)
	}
	return oci.Options{PlainHTTP: r.plainHTTP, Credential: credentials.Credential(store)}, nil
}

func newBundlePushCommand() *cobra.Command {
	o := &registryFlags{}
	cmd := &cobra.Command{
		Use:  "push FILE.tar.gz REFERENCE",
		Long: bundlePushHelp,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("a bundle and a place in a registry are needed; see %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.push(cmd, args[0], args[1]) },
	}
	o.addFlags(cmd.Flags())
	return cmd
}

func (r *registryFlags) push(cmd *cobra.Command, name, reference string) error {
	tarball, err := readTarball(cmd, name)
	if err != nil {
		return err
	}
	bundle, err := opa.ReadTarball(tarball)
	if err == nil {
		err = bundle.Expect("")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	options, err := r.options()
	if err != nil {
		return err
	}
	digest, err := oci.Push(cmd.Context(), reference, tarball, bundle.Revision, options)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), digest)
	return err
}

const bundlePushHelp = `Store an OPA bundle in an OCI registry, in the form that OPA downloads.

Prints the digest of what was stored. The tag is written last: it never names half a bundle. The tarball is
stored as it is, signed or not; one that was changed since it was packed is refused.

Usage:  psp2rego bundle push FILE.tar.gz REGISTRY/REPOSITORY:TAG [flags]

      --plain-http    speak HTTP without TLS, for a registry on this machine

Credentials are those of docker login: $DOCKER_CONFIG/config.json or ~/.docker/config.json, and the
credential helpers that it names. The bundle may be - (standard input).

Exit codes:  0 stored   2 could not read or store

  psp2rego bundle push bundle.tar.gz registry.example/policies/psp:v1
`
