// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"psp2rego/bundles/opa"
)

type bundleSignOptions struct {
	output string
	force  bool
	key    keyFlags
}

func newBundleSignCommand() *cobra.Command {
	o := &bundleSignOptions{}
	cmd := &cobra.Command{
		Use:  "sign FILE.tar.gz",
		Long: bundleSignHelp,
		Args: oneArgument("a bundle"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "", ".tar.gz to write, - for standard output")
	flags.BoolVar(&o.force, "force", false, "overwrite a tarball that was changed by hand")
	o.key.addFlags(flags, "signing-key", opa.DefaultKeyID)
	return cmd
}

func (o *bundleSignOptions) run(cmd *cobra.Command, name string) error {
	tarball, err := readTarball(cmd, name)
	if err != nil {
		return err
	}
	output := cmp.Or(o.output, name)
	if o.output == "" && name != "-" && !isTarball(name) {
		return fmt.Errorf("%s: it would be signed in its place, and its name does not end in .tar.gz; name what to write with -o", name)
	}
	if err := checkTarball(output); err != nil {
		return err
	}
	key, err := o.key.signing()
	if err != nil {
		return err
	}
	if key == nil {
		return errors.New("nothing to sign with: name a private key with --signing-key, or put it into " + signingVariable)
	}
	bundle, err := opa.ReadTarball(tarball)
	if err == nil {
		bundle, err = bundle.Sign(*key)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return writeTarball(cmd, bundle, output, o.force)
}

const bundleSignHelp = `Sign an OPA bundle, so that OPA can tell who made it.

Adds .signatures.json, a signature over all files in the tarball, in the place of any that it had. A bundle
that was changed since it was packed is not signed. Says nothing when all is well.

Usage:  psp2rego bundle sign FILE.tar.gz --signing-key FILE [flags]

      --signing-key FILE          private key in PEM: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA,
                                  which OPA 1.22.2 takes on its command line alone)
                                  ($PSP2REGO_SIGNING_KEY, which is the key itself)
      --key-id ID                 the name by which OPA knows the public key (default)
      --scope TEXT                what the signature is for; OPA has to be configured with the same
  -o, --output FILE.tar.gz        what to write; - is standard output (the file that was read)
      --force                     overwrite a tarball whose files were changed by hand

The bundle may be - (standard input).

Exit codes:  0 signed   2 could not read, sign or write

  psp2rego bundle sign bundle.tar.gz --signing-key key.pem --key-id release --scope production
`
