// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// webhookName makes the API server write the plugin's own audit keys: it puts the name and a slash before a webhook's.
	webhookName = "podsecuritypolicy.policy.k8s.io"
	// first sorts before what other configurations are called: the API server calls them in the order of their names, and calls
	// earlier ones again only for what later ones change. The plugin ran before every webhook.
	first = "0-"
	// mutatePath and validatePath have OPA answer with the document as it is, which is an AdmissionReview.
	mutatePath   = "/v0/data/psp/mutate"
	validatePath = "/v0/data/psp/validate"
	// timeoutSeconds is for one call. Three calls, with the second one that a change by others causes, fit an API server's minute.
	timeoutSeconds = 10
	servicePort    = 443
)

// mutating registers native Admit: the creation of pods. Updates are left alone by it, and so are all subresources by both phases.
func (o *Options) mutating() *admissionv1.MutatingWebhookConfiguration {
	again := admissionv1.IfNeededReinvocationPolicy
	return &admissionv1.MutatingWebhookConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "MutatingWebhookConfiguration"},
		ObjectMeta: o.configurationMeta(),
		Webhooks: []admissionv1.MutatingWebhook{{
			Name:                    webhookName,
			ClientConfig:            o.client(mutatePath),
			Rules:                   pods(admissionv1.Create),
			FailurePolicy:           new(admissionv1.Fail),
			MatchPolicy:             new(admissionv1.Equivalent),
			NamespaceSelector:       o.judged(),
			SideEffects:             new(admissionv1.SideEffectClassNone),
			TimeoutSeconds:          new(int32(timeoutSeconds)),
			AdmissionReviewVersions: []string{"v1"},
			ReinvocationPolicy:      &again,
		}},
	}
}

// validating registers native Validate: the creation and the update of pods.
func (o *Options) validating() *admissionv1.ValidatingWebhookConfiguration {
	return &admissionv1.ValidatingWebhookConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "ValidatingWebhookConfiguration"},
		ObjectMeta: o.configurationMeta(),
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name:                    webhookName,
			ClientConfig:            o.client(validatePath),
			Rules:                   pods(admissionv1.Create, admissionv1.Update),
			FailurePolicy:           new(admissionv1.Fail),
			MatchPolicy:             new(admissionv1.Equivalent),
			NamespaceSelector:       o.judged(),
			SideEffects:             new(admissionv1.SideEffectClassNone),
			TimeoutSeconds:          new(int32(timeoutSeconds)),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}
}

// configurationMeta has cert-manager fill in its authority, unless a CA bundle is given.
func (o *Options) configurationMeta() metav1.ObjectMeta {
	meta := metav1.ObjectMeta{Name: first + o.Name, Labels: o.labels()}
	if o.TLSSecret == "" {
		meta.Annotations = map[string]string{"cert-manager.io/inject-ca-from": o.Namespace + "/" + o.Name + certificateSuffix}
	}
	return meta
}

func (o *Options) client(path string) admissionv1.WebhookClientConfig {
	return admissionv1.WebhookClientConfig{
		Service: &admissionv1.ServiceReference{
			Namespace: o.Namespace, Name: o.Name, Path: &path, Port: new(int32(servicePort)),
		},
		CABundle: o.CABundle,
	}
}

// judged selects the namespaces whose pods are judged: all but the server's own and the exempt ones.
func (o *Options) judged() *metav1.LabelSelector {
	exempt := append([]string{o.Namespace}, o.ExemptNamespaces...)
	slices.Sort(exempt)
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpNotIn, Values: slices.Compact(exempt),
	}}}
}

func pods(operations ...admissionv1.OperationType) []admissionv1.RuleWithOperations {
	return []admissionv1.RuleWithOperations{{
		Operations: operations,
		Rule: admissionv1.Rule{
			APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}, Scope: new(admissionv1.NamespacedScope),
		},
	}}
}
