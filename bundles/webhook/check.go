// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// longestName leaves room for what is appended to the name: a certificate's common name ends at 64 characters.
const longestName = 50

// check refuses what an API server or OPA would refuse, and what would not be safe.
func (o *Options) check() error {
	if problems := validation.IsDNS1035Label(o.Name); len(problems) > 0 || len(o.Name) > longestName {
		return fmt.Errorf("name %q: want a DNS label that begins with a letter, of at most %d characters", o.Name, longestName)
	}
	for _, namespace := range append([]string{o.Namespace}, o.ExemptNamespaces...) {
		if len(validation.IsDNS1123Label(namespace)) > 0 {
			return fmt.Errorf("namespace %q: want a DNS label", namespace)
		}
	}
	for _, secret := range []string{o.TLSSecret, o.BundleTokenSecret} {
		if secret != "" && len(validation.IsDNS1123Subdomain(secret)) > 0 {
			return fmt.Errorf("secret %q: want a DNS name", secret)
		}
	}
	if err := o.checkBundle(); err != nil {
		return err
	}
	switch {
	case o.TLSSecret == "" && o.CABundle != nil:
		return errors.New("a CA bundle goes with a TLS secret: cert-manager fills in its own")
	case o.TLSSecret != "" && o.CABundle == nil:
		return errors.New("a TLS secret needs the CA bundle that vouches for it, or no API server trusts the webhook")
	case o.TLSSecret != "":
		return checkCertificates("CA bundle", o.CABundle)
	}
	return nil
}

// checkBundle looks at where the bundle comes from and what vouches for it.
func (o *Options) checkBundle() error {
	if o.BundleURL == "" {
		return errors.New("no bundle to pull: name its URL")
	}
	u, err := url.Parse(o.BundleURL)
	switch {
	case err != nil:
		return fmt.Errorf("bundle: %w", err)
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return fmt.Errorf("bundle %s: want https://HOST/PATH", u.Redacted())
	case strings.Trim(u.Path, "/") == "":
		return fmt.Errorf("bundle %s: names a server, but no bundle on it", u.Redacted())
	case u.User != nil:
		return fmt.Errorf("bundle %s: a password would stand in a ConfigMap; keep a token in a Secret", u.Redacted())
	case u.Fragment != "":
		return fmt.Errorf("bundle %s: no server is told what stands behind #", u.Redacted())
	case u.Scheme == "http" && o.VerificationKey == nil:
		return fmt.Errorf("bundle %s: without TLS anybody on the way could replace the policies; use https, or give the key that signs the bundle", u)
	case u.Scheme == "http" && (o.BundleCA != nil || o.BundleTokenSecret != ""):
		return fmt.Errorf("bundle %s: a CA and a token need https", u)
	}
	if o.BundleCA != nil {
		if err := checkCertificates("bundle CA", o.BundleCA); err != nil {
			return err
		}
	}
	if o.VerificationKey != nil && o.VerificationKey.Algorithm() == "EdDSA" { // v1/keys/keys.go, v1.22.2
		return errors.New("verification key: OPA's configuration knows no Ed25519 keys; sign with RSA or P-256")
	}
	return nil
}

// checkCertificates demands certificates and nothing else: what stands there is published.
func checkCertificates(what string, data []byte) error {
	found := 0
	for rest := bytes.TrimSpace(data); len(rest) > 0; found++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return fmt.Errorf("%s: not PEM, or something beside it", what)
		}
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("%s: holds a %s; only certificates belong there", what, block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("%s: certificate %d: %w", what, found+1, err)
		}
		rest = bytes.TrimSpace(rest)
	}
	if found == 0 {
		return fmt.Errorf("%s: holds no certificate", what)
	}
	return nil
}
