// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"psp2rego/bundles/oci"
	"psp2rego/bundles/opa"
)

type bundlePullOptions struct {
	registryFlags
	output, revision string
	force            bool
	key              keyFlags
}

func newBundlePullCommand() *cobra.Command {
	o := &bundlePullOptions{}
	cmd := &cobra.Command{
		Use:  "pull REFERENCE",
		Long: bundlePullHelp,
		Args: oneArgument("a place in a registry"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	o.addFlags(flags)
	flags.StringVarP(&o.output, "output", "o", "", ".tar.gz to write, - for standard output")
	flags.BoolVar(&o.force, "force", false, "overwrite a tarball that was changed by hand")
	flags.StringVar(&o.revision, "revision", "", "the revision it has to have")
	o.key.addFlags(flags, "verification-key", "")
	return cmd
}

func (o *bundlePullOptions) run(cmd *cobra.Command, reference string) error {
	if err := checkTarball(o.output); err != nil {
		return err
	}
	key, err := o.key.verification()
	if err != nil {
		return err
	}
	options, err := o.options()
	if err != nil {
		return err
	}
	tarball, err := oci.Pull(cmd.Context(), reference, options)
	if err != nil {
		return err
	}
	bundle, err := opa.ReadTarball(tarball)
	if err == nil && key != nil {
		err = opa.Verify(tarball, *key)
	}
	if err == nil {
		err = bundle.Expect(o.revision)
	}
	if err != nil {
		return fmt.Errorf("%s: %w; nothing was written", reference, err)
	}
	return writeTarball(cmd, bundle, o.output, o.force)
}

const bundlePullHelp = `Fetch an OPA bundle from an OCI registry, and check it.

A bundle that is truncated, was changed since it was packed, or is not what was asked for is refused, and
nothing is written. Says nothing when all is well.

Usage:  psp2rego bundle pull REGISTRY/REPOSITORY:TAG -o FILE.tar.gz [flags]
        psp2rego bundle pull REGISTRY/REPOSITORY@DIGEST -o FILE.tar.gz [flags]

  -o, --output FILE.tar.gz        what to write; - is standard output
      --force                     overwrite a tarball whose files were changed by hand
      --revision REVISION         refuse another revision
      --verification-key FILE     refuse what is not signed by the private half of this public key or certificate
                                  ($PSP2REGO_VERIFICATION_KEY, which is the key itself)
      --key-id ID                 and what does not call the key so
      --scope TEXT                and what is not signed for this
      --plain-http                speak HTTP without TLS, for a registry on this machine

Credentials are those of docker login; see bundle push.

Exit codes:  0 written   2 could not fetch or write, or what was fetched is refused

  psp2rego bundle pull registry.example/policies/psp:v1 -o bundle.tar.gz --verification-key public.pem
`
