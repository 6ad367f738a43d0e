// SPDX-License-Identifier: Apache-2.0

// Package webhook writes the manifests that make OPA, with a bundle of psp2rego, the admission webhook of a cluster: the server in
// one kustomization, the webhook configurations in a second one, because the first has to be ready before the second is applied.
package webhook

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
)

// Options say what the manifests are for. BundleURL is needed, and TLSSecret and CABundle go together; everything else has a default.
type Options struct {
	// Name is that of the Deployment and the Service, and the beginning of every other name: a DNS label of at most 50 characters
	// ("psp2rego").
	Name string
	// Namespace is where the server runs. Its own pods are not judged, or it could never start ("psp2rego-system").
	Namespace string
	// ExemptNamespaces are further namespaces whose pods are not judged.
	ExemptNamespaces []string
	// BundleURL is where OPA downloads the bundle from: https, or http if there is a VerificationKey.
	BundleURL string
	// BundleCA are the PEM certificates that vouch for the bundle's server; nil leaves that to the authorities of OPA's image.
	BundleCA []byte
	// BundleTokenSecret is a Secret in Namespace whose key "token" the bundle's server wants to be shown; "" shows none.
	BundleTokenSecret string
	// VerificationKey is what the bundle has to be signed for, whatever its signature calls the key: RSA or P-256. nil takes unsigned
	// bundles.
	VerificationKey *opa.VerificationKey
	// TLSSecret is a Secret of type kubernetes.io/tls in Namespace with the server's certificate; "" has cert-manager make one.
	TLSSecret string
	// CABundle are the PEM certificates that vouch for the certificate in TLSSecret.
	CABundle []byte
}

const (
	defaultName      = "psp2rego"
	defaultNamespace = "psp2rego-system"
)

// Manifests gives the files of both kustomizations, "server" and "webhooks", sorted by path. Equal options give equal bytes; options
// that cannot work are refused.
func Manifests(o Options) ([]translate.File, error) {
	o.Name, o.Namespace = cmp.Or(o.Name, defaultName), cmp.Or(o.Namespace, defaultNamespace)
	if err := o.check(); err != nil {
		return nil, err
	}
	settings, err := o.settings()
	if err != nil {
		return nil, err
	}
	server := map[string]any{
		"namespace.yaml":      o.namespace(),
		"serviceaccount.yaml": o.serviceAccount(),
		"deployment.yaml":     o.deployment(),
		"pdb.yaml":            o.disruptionBudget(),
		"service.yaml":        o.service(),
	}
	if o.TLSSecret == "" {
		maps.Copy(server, o.certificates())
	}
	files, err := kustomization("server/", server, o.generator(settings))
	if err != nil {
		return nil, err
	}
	for name, data := range settings {
		files = append(files, translate.File{Path: "server/" + name, Data: data})
	}
	webhooks, err := kustomization("webhooks/", map[string]any{"mutating.yaml": o.mutating(), "validating.yaml": o.validating()})
	if err != nil {
		return nil, err
	}
	files = append(files, webhooks...)
	slices.SortFunc(files, func(a, b translate.File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// The parts of kustomize.config.k8s.io/v1beta1 that are used.
type (
	kustomizationFile struct {
		metav1.TypeMeta    `json:",inline"`
		Resources          []string    `json:"resources"`
		ConfigMapGenerator []generator `json:"configMapGenerator,omitempty"`
	}
	generator struct {
		Name      string           `json:"name"`
		Namespace string           `json:"namespace"`
		Files     []string         `json:"files"`
		Options   generatorOptions `json:"options"`
	}
	generatorOptions struct {
		Labels map[string]string `json:"labels"`
	}
)

// generator makes the ConfigMap of the settings. It is called after its content, so that a change of the settings is one of the pods:
// OPA itself would not notice it.
func (o *Options) generator(settings map[string][]byte) generator {
	return generator{
		Name: o.Name, Namespace: o.Namespace, Files: slices.Sorted(maps.Keys(settings)), Options: generatorOptions{Labels: o.labels()},
	}
}

// kustomization encodes objects, by the name of their file, and what names them all.
func kustomization(folder string, objects map[string]any, generators ...generator) ([]translate.File, error) {
	list := kustomizationFile{
		TypeMeta:           metav1.TypeMeta{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization"},
		Resources:          slices.Sorted(maps.Keys(objects)),
		ConfigMapGenerator: generators,
	}
	var files []translate.File
	for name, object := range objects {
		data, err := encode(object)
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", folder, name, err)
		}
		files = append(files, translate.File{Path: folder + name, Data: data})
	}
	data, err := encode(list)
	return append(files, translate.File{Path: folder + "kustomization.yaml", Data: data}), err
}

// encode writes an object as YAML, without the status that is the cluster's to write.
func encode(object any) ([]byte, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	delete(fields, "status")
	return yaml.Marshal(fields)
}

// labels are those of every object; the selectors select by them, too.
func (o *Options) labels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": "psp2rego", "app.kubernetes.io/instance": o.Name}
}

// meta is the metadata of an object in the server's namespace; an empty suffix gives the name itself.
func (o *Options) meta(suffix string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: o.Name + suffix, Namespace: o.Namespace, Labels: o.labels()}
}
