// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"os"
	"path/filepath"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// manifests are those that psp2rego wrote, as far as they say how OPA is run and called.
type manifests struct {
	dir        string
	container  corev1.Container
	mutating   admissionv1.MutatingWebhookConfiguration
	validating admissionv1.ValidatingWebhookConfiguration
}

func readManifests(dir string) (*manifests, error) {
	m := &manifests{dir: dir}
	deployment := appsv1.Deployment{}
	for name, into := range map[string]any{
		"server/deployment.yaml": &deployment, "webhooks/mutating.yaml": &m.mutating, "webhooks/validating.yaml": &m.validating,
	} {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		if err := yaml.UnmarshalStrict(data, into); err != nil {
			return nil, err
		}
	}
	m.container = deployment.Spec.Template.Spec.Containers[0]
	return m, nil
}

// local turns paths in the container into those of this machine.
func (m *manifests) local(s *Stack, text string) string {
	for _, mount := range m.container.VolumeMounts {
		for _, before := range []string{"=", " "} {
			text = strings.ReplaceAll(text, before+mount.MountPath, before+s.file(mount.MountPath))
		}
		if strings.HasPrefix(text, mount.MountPath) {
			text = s.file(mount.MountPath) + strings.TrimPrefix(text, mount.MountPath)
		}
	}
	return text
}

// copySettings puts OPA's settings where the Deployment mounts them.
func (m *manifests) copySettings(s *Stack) error {
	for _, name := range []string{"opa.yaml", "authz.rego", "mask.rego", "bundle-ca.crt"} {
		data, err := os.ReadFile(filepath.Join(m.dir, "server", name))
		if err != nil {
			return err
		}
		if name == "opa.yaml" {
			data = []byte(m.local(s, string(data)))
		}
		if err := os.WriteFile(s.file("config/"+name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// command is the container's, for an address of this machine.
func (m *manifests) command(s *Stack, address string) (environment, args []string) {
	for _, variable := range m.container.Env {
		environment = append(environment, variable.Name+"="+variable.Value)
	}
	for _, arg := range m.container.Args {
		if strings.HasPrefix(arg, "--addr=") {
			arg = "--addr=" + address
		}
		args = append(args, m.local(s, arg))
	}
	return environment, args
}

// registrations are the emitted ones, called by address.
func (m *manifests) registrations(url string) (*admissionv1.MutatingWebhookConfiguration, *admissionv1.ValidatingWebhookConfiguration) {
	mutating, validating := m.mutating.DeepCopy(), m.validating.DeepCopy()
	for i := range mutating.Webhooks {
		byAddress(&mutating.Webhooks[i].ClientConfig, url)
	}
	for i := range validating.Webhooks {
		byAddress(&validating.Webhooks[i].ClientConfig, url)
	}
	return mutating, validating
}

func byAddress(config *admissionv1.WebhookClientConfig, url string) {
	config.URL = new(url + *config.Service.Path)
	config.Service = nil
}
