// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"psp2rego/bundles/opa"
)

type bundleInspectOptions struct {
	revision string
	format   *choice
	key      keyFlags
}

func newBundleInspectCommand() *cobra.Command {
	o := &bundleInspectOptions{format: newChoice("text", "json")}
	cmd := &cobra.Command{
		Use:  "inspect FILE.tar.gz|DIR",
		Long: bundleInspectHelp,
		Args: oneArgument("a bundle"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.revision, "revision", "", "the revision it has to have")
	flags.Var(o.format, "format", "form of the output")
	o.key.addFlags(flags, "verification-key", "")
	return cmd
}

func (o *bundleInspectOptions) run(cmd *cobra.Command, name string) error {
	key, err := o.key.verification()
	if err != nil {
		return err
	}
	bundle, refusal, err := readAndVerify(cmd, name, key)
	if err != nil {
		return err
	}
	found, err := bundle.Inspect()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	report := newInspectReport(found, key != nil, refusal)
	if o.revision != "" && o.revision != found.Revision {
		report.Findings = append(report.Findings, fmt.Sprintf("revision: expected was %s", o.revision))
	}
	out := cmd.OutOrStdout()
	if o.format.value == "json" {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = report.writeText(out)
	}
	if err == nil && len(report.Findings) > 0 {
		err = errFinding
	}
	return err
}

// readAndVerify gives the bundle, and why the key does not verify it.
func readAndVerify(cmd *cobra.Command, name string, key *opa.VerificationKey) (bundle *opa.Bundle, refusal, err error) {
	if info, statErr := os.Stat(name); statErr == nil && info.IsDir() {
		bundle, err = opa.Read(cmd.Context(), name)
		if err == nil && key != nil {
			refusal = bundle.Verify(*key)
		}
		return bundle, refusal, err
	}
	tarball, err := readTarball(cmd, name)
	if err != nil {
		return nil, nil, err
	}
	if bundle, err = opa.ReadTarball(tarball); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if key != nil {
		refusal = opa.Verify(tarball, *key)
	}
	return bundle, refusal, nil
}

// readTarball gives the bytes of a file or, for -, of standard input.
func readTarball(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: a folder; pack it with psp2rego bundle build --policies %[1]s", name)
	}
	return os.ReadFile(name)
}

const bundleInspectHelp = `Say what an OPA bundle is: revision, policies, grants, origin, signature, and changes since it was packed.

Usage:  psp2rego bundle inspect FILE.tar.gz|DIR [flags]

      --verification-key FILE     public key or certificate in PEM that the signature has to be by
                                  ($PSP2REGO_VERIFICATION_KEY, which is the key itself)
      --key-id ID                 what the signature has to call the key (any name)
      --scope TEXT                what the signature has to be for (nothing)
      --revision REVISION         the revision that the bundle has to have
      --format text|json          form of the output (text)

Without a key a signature is shown and not verified. The bundle may be - (standard input).

Exit codes:  0 nothing found
             1 files differ from the manifest's digests, or signature or revision are not as demanded
             2 the bundle could not be read

  psp2rego bundle inspect bundle.tar.gz --verification-key public.pem
`
