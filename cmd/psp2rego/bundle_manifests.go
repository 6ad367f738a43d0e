// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"psp2rego/bundles/webhook"
)

type manifestsOptions struct {
	webhook.Options
	output             string
	certManager        bool
	bundleCA, caBundle string
	key                keyFlags
}

// serverNamespace is where the server runs unless it is told another one. The webhooks leave it alone.
const serverNamespace = "psp2rego-system"

func newBundleManifestsCommand() *cobra.Command {
	o := &manifestsOptions{}
	cmd := &cobra.Command{
		Use:  "manifests",
		Long: bundleManifestsHelp,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return o.run() },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "", "folder to write")
	flags.StringVar(&o.Name, "name", "psp2rego", "name of the server")
	flags.StringVar(&o.Namespace, "namespace", serverNamespace, "namespace of the server")
	flags.StringArrayVar(&o.ExemptNamespaces, "exempt-namespace", nil, "namespace that is not judged; repeatable")
	flags.StringVar(&o.BundleURL, "bundle-url", "", "where OPA pulls the bundle from")
	flags.StringVar(&o.bundleCA, "bundle-ca", "", "certificates that vouch for the bundle's server")
	flags.StringVar(&o.BundleTokenSecret, "bundle-token-secret", "", "Secret with the token for the bundle's server")
	flags.StringVar(&o.key.file, "verification-key", "", "public key that the bundle has to be signed for")
	flags.StringVar(&o.key.scope, "scope", "", "what the signature is for")
	flags.BoolVar(&o.certManager, "cert-manager", false, "have cert-manager make the certificate")
	flags.StringVar(&o.TLSSecret, "tls-secret", "", "Secret with the server's certificate")
	flags.StringVar(&o.caBundle, "ca-bundle", "", "certificates that vouch for the one in --tls-secret")
	return cmd
}

func (o *manifestsOptions) run() error {
	switch {
	case o.output == "":
		return errors.New("nowhere to write: name a folder with -o")
	case o.BundleURL == "":
		return errors.New("no bundle to pull: name its URL with --bundle-url")
	case o.certManager && o.TLSSecret != "":
		return errors.New("--cert-manager and --tls-secret are two ways to one certificate: choose one")
	case o.TLSSecret == "" && o.caBundle != "":
		return errors.New("--ca-bundle goes with --tls-secret: cert-manager fills in its own authority")
	case o.TLSSecret != "" && o.caBundle == "":
		return errors.New("--tls-secret needs --ca-bundle, or no API server trusts the webhook")
	}
	for _, file := range []struct {
		flag, name string
		data       *[]byte
	}{
		{"--bundle-ca", o.bundleCA, &o.BundleCA},
		{"--ca-bundle", o.caBundle, &o.CABundle},
	} {
		if file.name == "" {
			continue
		}
		data, err := os.ReadFile(file.name)
		if err != nil {
			return fmt.Errorf("%s: %w", file.flag, err)
		}
		*file.data = data
	}
	key, err := o.key.verification()
	switch {
	case err != nil:
		return err
	case key == nil && o.key.scope != "":
		return errors.New("--scope goes with --verification-key: without a key no signature is looked at")
	}
	o.VerificationKey = key
	files, err := webhook.Manifests(o.Options)
	if err != nil {
		return fmt.Errorf("manifests: %w", err)
	}
	if err := webhook.Write(o.output, files); err != nil {
		if errors.Is(err, webhook.ErrOccupied) {
			return fmt.Errorf("%w; nothing was written, choose a new folder or remove this one", err)
		}
		return err
	}
	return nil
}

const bundleManifestsHelp = `Write the manifests that make OPA, with a bundle, the admission webhook of a cluster.

Writes two kustomizations: DIR/server runs OPA, DIR/webhooks registers it. Apply the second when the first is
ready: without an answer the API server refuses every pod. docs/webhook.md has the steps.

Usage:  psp2rego bundle manifests --bundle-url URL -o DIR [flags]

Server:
      --name NAME                 of the Deployment and the Service (psp2rego)
      --namespace NAME            where it runs; its own pods are not judged (psp2rego-system)
      --exempt-namespace NAME     pods of this namespace are not judged either; repeatable
Bundle:
      --bundle-url URL            where OPA pulls it from: https, or http if it is signed
      --bundle-ca FILE            certificates that vouch for that server (the authorities that OPA's image knows)
      --bundle-token-secret NAME  Secret whose key "token" that server wants to be shown
      --verification-key FILE     refuse what is not signed by the private half of this public key: RSA or P-256
                                  ($PSP2REGO_VERIFICATION_KEY, which is the key itself)
      --scope TEXT                and what is not signed for this
Certificate:
      --cert-manager              cert-manager makes and renews it; so it is unless --tls-secret is given
      --tls-secret NAME           it is in this Secret of type kubernetes.io/tls
      --ca-bundle FILE            certificates that vouch for it; needed with --tls-secret
Output:
  -o, --output DIR                folder to write; one that holds anything else is refused

Exit codes:  0 written   2 could not write, or these flags do not go together

  # with cert-manager, from a bundle server in the same namespace
  psp2rego bundle manifests --bundle-url https://bundles.psp2rego-system.svc/bundles/psp -o deploy
  # with a certificate of one's own
  psp2rego bundle manifests --bundle-url https://host/bundles/psp --tls-secret opa-tls --ca-bundle ca.pem -o deploy
`
