// SPDX-License-Identifier: Apache-2.0

package webhook

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// The parts of cert-manager.io/v1 that are used; cert-manager's own module brings its controllers' dependencies along.
type (
	issuer struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              issuerSpec `json:"spec"`
	}
	issuerSpec struct {
		SelfSigned *struct{} `json:"selfSigned,omitempty"`
		CA         *issuerCA `json:"ca,omitempty"`
	}
	issuerCA struct {
		SecretName string `json:"secretName"`
	}
	certificate struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              certificateSpec `json:"spec"`
	}
	certificateSpec struct {
		IsCA       bool           `json:"isCA,omitempty"`
		CommonName string         `json:"commonName,omitempty"`
		DNSNames   []string       `json:"dnsNames,omitempty"`
		Duration   string         `json:"duration"`
		SecretName string         `json:"secretName"`
		PrivateKey certificateKey `json:"privateKey"`
		Usages     []string       `json:"usages"`
		IssuerRef  issuerRef      `json:"issuerRef"`
	}
	certificateKey struct {
		Algorithm      string `json:"algorithm"`
		Size           int    `json:"size"`
		RotationPolicy string `json:"rotationPolicy"`
	}
	issuerRef struct {
		Group string `json:"group"`
		Kind  string `json:"kind"`
		Name  string `json:"name"`
	}
)

const (
	certificateSuffix = "-tls"
	authoritySuffix   = "-ca"
	selfSignedSuffix  = "-selfsigned"
)

// certificates are an authority of the webhook's own and the server's certificate that it issues: when that one is renewed, what API
// servers trust stays the same, and no pod is refused while OPA still shows the old one.
func (o *Options) certificates() map[string]any {
	issuerOf := func(suffix string, spec issuerSpec) *issuer {
		return &issuer{metav1.TypeMeta{APIVersion: "cert-manager.io/v1", Kind: "Issuer"}, o.meta(suffix), spec}
	}
	certificateOf := func(suffix, from string, spec certificateSpec) *certificate {
		spec.SecretName = o.Name + suffix
		spec.PrivateKey = certificateKey{Algorithm: "ECDSA", Size: 256, RotationPolicy: "Always"}
		spec.IssuerRef = issuerRef{Group: "cert-manager.io", Kind: "Issuer", Name: o.Name + from}
		return &certificate{metav1.TypeMeta{APIVersion: "cert-manager.io/v1", Kind: "Certificate"}, o.meta(suffix), spec}
	}
	return map[string]any{
		"issuer-selfsigned.yaml": issuerOf(selfSignedSuffix, issuerSpec{SelfSigned: &struct{}{}}),
		"certificate-ca.yaml": certificateOf(authoritySuffix, selfSignedSuffix, certificateSpec{
			IsCA: true, CommonName: o.Name + authoritySuffix, Duration: "87600h0m0s", Usages: []string{"cert sign", "crl sign"},
		}),
		"issuer-ca.yaml": issuerOf(authoritySuffix, issuerSpec{CA: &issuerCA{SecretName: o.Name + authoritySuffix}}),
		"certificate-tls.yaml": certificateOf(certificateSuffix, authoritySuffix, certificateSpec{
			DNSNames: o.dnsNames(), Duration: "2160h0m0s", Usages: []string{"digital signature", "server auth"},
		}),
	}
}

// dnsNames are those of the Service; API servers call it by the first.
func (o *Options) dnsNames() []string {
	name := o.Name + "." + o.Namespace + ".svc"
	return []string{name, name + ".cluster.local"}
}
