// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"oras.land/oras-go/v2/registry/remote/credentials"

	"psp2rego/bundles/gatekeeper"
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
	options, err := r.options()
	if err != nil {
		return err
	}
	store := oci.Push
	tarball, revision, err := readImage(cmd.Context(), name)
	switch {
	case err != nil:
		return err
	case tarball != nil:
		store = oci.PushFolder
	default:
		if tarball, revision, err = readIntact(cmd, name); err != nil {
			return err
		}
	}
	digest, err := store(cmd.Context(), reference, tarball, revision, options)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), digest)
	return err
}

// readIntact reads a tarball that is as it was packed.
func readIntact(cmd *cobra.Command, name string) (tarball []byte, revision string, err error) {
	if tarball, err = readTarball(cmd, name); err != nil {
		return nil, "", err
	}
	bundle, err := opa.ReadTarball(tarball)
	if err == nil {
		err = bundle.Expect("")
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	return tarball, bundle.Revision, nil
}

// readImage packs a folder for Gatekeeper as it is, edited perhaps; nil if the name is of something else.
func readImage(ctx context.Context, name string) (tarball []byte, revision string, err error) {
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return nil, "", nil // somebody else says so
	}
	folder, err := opa.Read(ctx, name)
	if err != nil || !gatekeeper.Wrote(folder) {
		return nil, "", err
	}
	image, err := gatekeeper.Image(folder)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	tarball, err = image.Tarball()
	return tarball, image.Revision, err
}

const bundlePushHelp = `Store an OPA bundle in an OCI registry, in the form that OPA downloads, or a folder for Gatekeeper.

Prints the digest of what was stored. The tag is written last: it never names half a bundle. The tarball is
stored as it is, signed or not; one that was changed since it was packed is refused. Of a folder that
translate --target gatekeeper wrote, what its kustomization.yaml names is stored as it is, in the form
that gator --image, oras and Flux unpack.

Usage:  psp2rego bundle push FILE.tar.gz REGISTRY/REPOSITORY:TAG [flags]
        psp2rego bundle push DIR REGISTRY/REPOSITORY:TAG [flags]

      --plain-http    speak HTTP without TLS, for a registry on this machine

Credentials are those of docker login: $DOCKER_CONFIG/config.json or ~/.docker/config.json, and the
credential helpers that it names. The bundle may be - (standard input).

Exit codes:  0 stored   2 could not read or store

  psp2rego bundle push bundle.tar.gz registry.example/policies/psp:v1
  psp2rego bundle push gatekeeper registry.example/policies/gatekeeper:v1
`
