// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/controller/config/process"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// subresources are those that the stock ValidatingWebhookConfiguration sends to Gatekeeper, beside all
// resources themselves (deploy/gatekeeper.yaml, v3.23.1). The mutating one sends none.
func subresources() []string {
	return []string{
		"pods/ephemeralcontainers", "pods/exec", "pods/log", "pods/eviction", "pods/portforward", "pods/proxy",
		"pods/attach", "pods/binding", "pods/resize", "deployments/scale", "replicasets/scale",
		"statefulsets/scale", "replicationcontrollers/scale", "services/proxy", "nodes/proxy", "services/status",
	}
}

// reaches says whether an API server asks the webhook about the request, and the webhook asks the
// constraints, or the mutators: by the stock webhook configuration, the namespaces that a Config excludes, and the
// exemption of Gatekeeper's own service account.
func (r *rules) reaches(q *request, webhook process.Process) bool {
	operation := admissionv1.Operation(q.Operation)
	switch {
	case operation != admissionv1.Create && operation != admissionv1.Update:
		return false
	case q.SubResource != "" && (webhook == process.Mutation || !slices.Contains(subresources(), q.Resource.Resource+"/"+q.SubResource)):
		return false
	case q.UserInfo.Username == "system:serviceaccount:gatekeeper-system:gatekeeper-admin":
		return false
	case q.Namespace == "":
		return true
	}
	if _, ignored := r.namespace(q.Namespace).Labels["admission.gatekeeper.sh/ignore"]; ignored || q.Namespace == "gatekeeper-system" {
		return false
	}
	object := &unstructured.Unstructured{}
	object.SetNamespace(q.Namespace)
	excluded, err := r.excluded.IsNamespaceExcluded(webhook, object)
	return err == nil && !excluded
}

// namespace is the Namespace of that name: the one of the cluster or, if it has none, one with nothing but
// its name.
func (r *rules) namespace(name string) *corev1.Namespace {
	if known := r.namespaces[name]; known != nil {
		return known
	}
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
}
