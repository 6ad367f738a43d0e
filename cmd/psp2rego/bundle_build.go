// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"psp2rego/bundles/opa"
	"psp2rego/verify"
)

type bundleBuildOptions struct {
	input
	policies, output    string
	force, warnDefaults bool
	key                 keyFlags
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
	flags := cmd.Flags()
	flags.StringVar(&o.policies, "policies", "", "translated folder to pack")
	flags.StringVarP(&o.output, "output", "o", "", ".tar.gz to write, - for standard output")
	flags.BoolVar(&o.force, "force", false, "overwrite a tarball that was changed by hand")
	flags.BoolVar(&o.warnDefaults, "warn-defaults", false, "warn of what a policy fills in")
	o.key.addFlags(flags, "signing-key", opa.DefaultKeyID)
	return cmd
}

func (o *bundleBuildOptions) run(cmd *cobra.Command) error {
	switch {
	case o.policies != "" && (len(o.paths) > 0 || cmd.Flags().Changed("dialect") || cmd.Flags().Changed("server-version")):
		return errors.New("--policies packs what was translated already: leave -f, --dialect and --server-version out")
	case o.policies != "" && o.warnDefaults:
		return errors.New("--policies packs what was translated already: give --warn-defaults to translate")
	case o.policies == "" && len(o.paths) == 0:
		return errors.New("nothing to pack: name files, folders or - with -f, or a translated folder with --policies")
	}
	if err := checkTarball(o.output); err != nil {
		return err
	}
	key, err := o.key.signing()
	if err != nil {
		return err
	}
	bundle, err := o.make(cmd)
	if err != nil {
		return err
	}
	if key != nil {
		if bundle, err = bundle.Sign(*key); err != nil {
			return err
		}
	}
	return writeTarball(cmd, bundle, o.output, o.force)
}

func (o *bundleBuildOptions) make(cmd *cobra.Command) (*opa.Bundle, error) {
	if o.policies != "" {
		return pack(cmd.Context(), o.policies)
	}
	cluster, err := o.load(cmd)
	if err != nil {
		return nil, err
	}
	return build(cmd.Context(), cluster, o.options(), o.warnDefaults)
}

// pack gives a translated folder, edited perhaps, as a bundle that OPA can load.
func pack(ctx context.Context, folder string) (*opa.Bundle, error) {
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("--policies %s: not a folder", folder)
	}
	read, err := opa.Read(ctx, folder)
	if err != nil {
		return nil, fmt.Errorf("--policies: %w", err)
	}
	bundle, err := read.Repack()
	if err != nil {
		return nil, fmt.Errorf("--policies %s: %w", folder, err)
	}
	tarball, err := bundle.Tarball()
	if err != nil {
		return nil, err
	}
	if _, err := verify.LoadBundle(ctx, tarball); err != nil {
		return nil, fmt.Errorf("--policies %s: OPA does not load it: %w", folder, err)
	}
	return bundle, nil
}

func checkTarball(output string) error {
	switch {
	case output == "":
		return errors.New("nowhere to write: name a .tar.gz with -o (- is standard output)")
	case output != "-" && !isTarball(output):
		return fmt.Errorf("-o %s: the name has to end in .tar.gz", output)
	}
	return nil
}

// writeTarball writes the bundle to a file or, for -, to standard output.
func writeTarball(cmd *cobra.Command, bundle *opa.Bundle, output string, force bool) error {
	if output == "-" {
		return bundle.WriteTarball(cmd.OutOrStdout())
	}
	return showConflict(cmd, bundle.WriteFile(cmd.Context(), output, force))
}

const bundleBuildHelp = `Write an OPA bundle as a tarball, signed if there is a key.

Translates PodSecurityPolicies and RBAC as translate does, or packs a folder that translate wrote, with
what was edited in it since: revision and digests are made anew, and the edits are noted in the manifest.
Says nothing when all is well.

Usage:  psp2rego bundle build -f PATH... -o FILE.tar.gz [flags]
        psp2rego bundle build --policies DIR -o FILE.tar.gz [flags]

Input:
  -f, --filename PATH             file, folder or - (standard input); repeatable
      --dialect kubernetes|mke    whose group names to follow (kubernetes)
      --server-version 1.N        the API server that will ask (1.37)
      --policies DIR              translated folder to pack instead
Output:
  -o, --output FILE.tar.gz        what to write; - is standard output
      --force                     overwrite a tarball whose files were changed by hand
      --warn-defaults             have OPA warn whoever creates a pod of each field that the policy filled in
Signature, over all files in the tarball:
      --signing-key FILE          private key in PEM: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA,
                                  which OPA 1.22.2 takes on its command line alone)
                                  ($PSP2REGO_SIGNING_KEY, which is the key itself, else there is no signature)
      --key-id ID                 the name by which OPA knows the public key (default)
      --scope TEXT                what the signature is for; OPA has to be configured with the same

Exit codes:  0 written   1 input cannot be translated   2 could not read or write

  # a signed bundle of a cluster's dump
  psp2rego bundle build -f cluster/ -o bundle.tar.gz --signing-key key.pem
  # a signed bundle of a folder that a person owns
  psp2rego bundle build --policies bundle -o bundle.tar.gz --signing-key key.pem --key-id release
`
