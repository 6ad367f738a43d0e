// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/version"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"psp2rego/bundles/webhook"
)

// manifests are the objects that kustomize makes of the files, each decoded strictly.
type manifests struct {
	namespace  corev1.Namespace
	account    corev1.ServiceAccount
	settings   corev1.ConfigMap
	deployment appsv1.Deployment
	budget     policyv1.PodDisruptionBudget
	service    corev1.Service
	mutating   admissionv1.MutatingWebhookConfiguration
	validating admissionv1.ValidatingWebhookConfiguration
	// certificates are cert-manager's objects by kind and name.
	certificates map[string]map[string]any
}

// build writes the manifests to a disk in memory and has kustomize build both folders.
func build(t *testing.T, o webhook.Options) *manifests {
	t.Helper()
	files, err := webhook.Manifests(o)
	if err != nil {
		t.Fatal(err)
	}
	disk := filesys.MakeFsInMemory()
	for _, f := range files {
		if err := disk.MkdirAll(path.Dir(f.Path)); err != nil {
			t.Fatal(err)
		}
		if err := disk.WriteFile(f.Path, f.Data); err != nil {
			t.Fatal(err)
		}
	}
	set := &manifests{certificates: map[string]map[string]any{}}
	into := map[string]any{
		"Namespace": &set.namespace, "ServiceAccount": &set.account, "ConfigMap": &set.settings, "Deployment": &set.deployment,
		"PodDisruptionBudget": &set.budget, "Service": &set.service,
		"MutatingWebhookConfiguration": &set.mutating, "ValidatingWebhookConfiguration": &set.validating,
	}
	for _, folder := range []string{"server", "webhooks"} {
		made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range made.Resources() {
			data, err := resource.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			isWebhook := strings.HasSuffix(resource.GetKind(), "WebhookConfiguration")
			if isWebhook != (folder == "webhooks") {
				t.Errorf("%s in %s", resource.GetKind(), folder)
			}
			if resource.GetGvk().Group == "cert-manager.io" {
				var object map[string]any
				if err := yaml.UnmarshalStrict(data, &object); err != nil {
					t.Fatal(err)
				}
				set.certificates[resource.GetKind()+"/"+resource.GetName()] = object
				continue
			}
			value := into[resource.GetKind()]
			if value == nil {
				t.Fatalf("a second or unknown %s", resource.GetKind())
			}
			if err := yaml.UnmarshalStrict(data, value); err != nil {
				t.Errorf("%s: %v", resource.GetKind(), err)
			}
			delete(into, resource.GetKind())
		}
	}
	if len(into) > 0 {
		t.Fatalf("missing: %v", into)
	}
	return set
}

const url = "https://bundles.example.com/bundles/psp?tenant=a"

// settings are options that together use everything there is.
func settings(t *testing.T) map[string]webhook.Options {
	t.Helper()
	a := newAuthority(t)
	return map[string]webhook.Options{
		"defaults": {BundleURL: url},
		"everything": {
			Name: "opa", Namespace: "policies", ExemptNamespaces: []string{"kube-system", "a", "kube-system"}, BundleURL: url, BundleCA: a.pem,
			BundleTokenSecret: "bundle-token", VerificationKey: verification(t, &newKey(t).PublicKey), TLSSecret: "opa-tls", CABundle: a.pem,
		},
	}
}

func TestManifestsAreAFunctionOfTheOptions(t *testing.T) {
	for name, o := range settings(t) {
		first, err := webhook.Manifests(o)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if again, _ := webhook.Manifests(o); cmp.Diff(first, again) != "" {
				t.Errorf("%s: not the same twice", name)
			}
		}
	}
}

// TestNamesInTheManifestsMeetWhatTheyName follows every reference from one object to another.
func TestNamesInTheManifestsMeetWhatTheyName(t *testing.T) {
	for name, o := range settings(t) {
		t.Run(name, func(t *testing.T) {
			set := build(t, o)
			template := set.deployment.Spec.Template
			for what, selector := range map[string]map[string]string{
				"Deployment": set.deployment.Spec.Selector.MatchLabels, "Service": set.service.Spec.Selector,
				"PodDisruptionBudget": set.budget.Spec.Selector.MatchLabels,
				"spread":              template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels,
			} {
				if len(selector) == 0 || !labels.SelectorFromSet(selector).Matches(labels.Set(template.Labels)) {
					t.Errorf("%s selects %v, not the pods' %v", what, selector, template.Labels)
				}
			}
			for what, meta := range map[string]metav1.ObjectMeta{
				"ServiceAccount": set.account.ObjectMeta, "ConfigMap": set.settings.ObjectMeta, "Deployment": set.deployment.ObjectMeta,
				"PodDisruptionBudget": set.budget.ObjectMeta, "Service": set.service.ObjectMeta,
			} {
				if meta.Namespace != set.namespace.Name || set.namespace.Name == "" {
					t.Errorf("%s lives in %q", what, meta.Namespace)
				}
			}
			container := template.Spec.Containers[0]
			port := set.service.Spec.Ports[0]
			if template.Spec.ServiceAccountName != set.account.Name || port.TargetPort.StrVal != container.Ports[0].Name {
				t.Errorf("account %s, port %s", template.Spec.ServiceAccountName, port.TargetPort.StrVal)
			}
			for _, probe := range []*corev1.Probe{container.ReadinessProbe, container.LivenessProbe} {
				if probe.HTTPGet.Port.StrVal != container.Ports[0].Name || probe.HTTPGet.Scheme != corev1.URISchemeHTTPS {
					t.Errorf("probes %v", probe.HTTPGet)
				}
			}
			for _, client := range []admissionv1.WebhookClientConfig{
				set.mutating.Webhooks[0].ClientConfig, set.validating.Webhooks[0].ClientConfig,
			} {
				s := client.Service
				if s.Name != set.service.Name || s.Namespace != set.service.Namespace || *s.Port != port.Port {
					t.Errorf("a webhook calls %s/%s:%d", s.Namespace, s.Name, *s.Port)
				}
			}
			checkMounts(t, set)
		})
	}
}

// checkMounts makes sure that what is mounted is there, and that the arguments name files that are mounted.
func checkMounts(t *testing.T, set *manifests) {
	t.Helper()
	spec := set.deployment.Spec.Template.Spec
	folders := map[string]string{}
	for _, mount := range spec.Containers[0].VolumeMounts {
		folders[mount.Name] = mount.MountPath
	}
	files := map[string]bool{}
	for _, volume := range spec.Volumes {
		folder, ok := folders[volume.Name]
		if !ok {
			t.Errorf("nobody mounts %s", volume.Name)
		}
		delete(folders, volume.Name)
		switch {
		case volume.ConfigMap != nil:
			if volume.ConfigMap.Name != set.settings.Name {
				t.Errorf("mounts %s, not %s", volume.ConfigMap.Name, set.settings.Name)
			}
			for name := range set.settings.Data {
				files[folder+"/"+name] = true
			}
		case volume.Name == "tls":
			files[folder+"/tls.crt"], files[folder+"/tls.key"] = true, true
		case volume.Name == "token":
			files[folder+"/token"] = true
		case volume.EmptyDir != nil:
			files[folder] = true
		}
	}
	if len(folders) > 0 {
		t.Errorf("mounts what is no volume: %v", folders)
	}
	var named []string
	for _, word := range append(spec.Containers[0].Args, strings.Fields(set.settings.Data["opa.yaml"])...) {
		_, value, ok := strings.Cut(word, "=")
		if !ok {
			value = word
		}
		if strings.HasPrefix(value, "/") && value != "/system/log/mask" {
			named = append(named, value)
		}
	}
	for _, name := range named {
		if !files[name] {
			t.Errorf("names %s, which is not mounted: %v", name, files)
		}
	}
	if len(named) < 6 {
		t.Errorf("looked at %v", named)
	}
}

// TestTheWebhooksSeeWhatThePluginSaw holds the registration against what the plugin judged, and in which order.
func TestTheWebhooksSeeWhatThePluginSaw(t *testing.T) {
	set := build(t, settings(t)["everything"])
	mutating, validating := set.mutating.Webhooks[0], set.validating.Webhooks[0]
	if len(set.mutating.Webhooks) != 1 || len(set.validating.Webhooks) != 1 {
		t.Fatal("more than one question of a kind")
	}
	rule := func(operations ...admissionv1.OperationType) []admissionv1.RuleWithOperations {
		return []admissionv1.RuleWithOperations{{Operations: operations, Rule: admissionv1.Rule{
			APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}, Scope: new(admissionv1.NamespacedScope),
		}}}
	}
	exempt := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "kubernetes.io/metadata.name", Operator: "NotIn", Values: []string{"a", "kube-system", "policies"}},
	}}
	authority := mutating.ClientConfig.CABundle
	client := func(path string) admissionv1.WebhookClientConfig {
		return admissionv1.WebhookClientConfig{CABundle: authority, Service: &admissionv1.ServiceReference{
			Namespace: "policies", Name: "opa", Path: &path, Port: new(int32(443)),
		}}
	}
	wantMutating := admissionv1.MutatingWebhook{
		Name: "podsecuritypolicy.policy.k8s.io", ClientConfig: client("/v0/data/psp/mutate"), Rules: rule("CREATE"),
		FailurePolicy: new(admissionv1.Fail), MatchPolicy: new(admissionv1.Equivalent), NamespaceSelector: exempt,
		SideEffects: new(admissionv1.SideEffectClassNone), TimeoutSeconds: new(int32(10)), AdmissionReviewVersions: []string{"v1"},
		ReinvocationPolicy: new(admissionv1.IfNeededReinvocationPolicy),
	}
	wantValidating := admissionv1.ValidatingWebhook{
		Name: "podsecuritypolicy.policy.k8s.io", ClientConfig: client("/v0/data/psp/validate"), Rules: rule("CREATE", "UPDATE"),
		FailurePolicy: new(admissionv1.Fail), MatchPolicy: new(admissionv1.Equivalent), NamespaceSelector: exempt,
		SideEffects: new(admissionv1.SideEffectClassNone), TimeoutSeconds: new(int32(10)), AdmissionReviewVersions: []string{"v1"},
	}
	if d := cmp.Diff(wantMutating, mutating); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(wantValidating, validating); d != "" {
		t.Error(d)
	}
	if len(authority) == 0 || set.mutating.Annotations != nil || len(set.certificates) > 0 {
		t.Errorf("authority %q, annotations %v, %v", authority, set.mutating.Annotations, set.certificates)
	}
	// The API server sorts configurations by name.
	others := []string{"00-first", "aws-pod-identity-webhook", "istio-sidecar-injector", "0-psp", set.mutating.Name}
	if slices.Sort(others); set.mutating.Name != "0-opa" || others[0] != set.mutating.Name {
		t.Errorf("%s is called after %s", set.mutating.Name, others[0])
	}
}

// TestCertManagerMakesWhatTheServerShowsAndTheWebhooksTrust follows the names through cert-manager.
func TestCertManagerMakesWhatTheServerShowsAndTheWebhooksTrust(t *testing.T) {
	set := build(t, webhook.Options{BundleURL: url, Name: "opa", Namespace: "policies"})
	at := func(object string, path ...string) any {
		var value any = set.certificates[object]
		for _, key := range path {
			fields, _ := value.(map[string]any)
			value = fields[key]
		}
		return value
	}
	var secret string
	for _, volume := range set.deployment.Spec.Template.Spec.Volumes {
		if volume.Name == "tls" {
			secret = volume.Secret.SecretName
		}
	}
	for what, ok := range map[string]bool{
		"the server shows it":      secret != "" && at("Certificate/opa-tls", "spec", "secretName") == secret,
		"it is for the Service":    cmp.Equal(at("Certificate/opa-tls", "spec", "dnsNames"), []any{"opa.policies.svc", "opa.policies.svc.cluster.local"}),
		"the authority issues it":  at("Certificate/opa-tls", "spec", "issuerRef", "name") == "opa-ca",
		"the authority has a key":  at("Issuer/opa-ca", "spec", "ca", "secretName") == at("Certificate/opa-ca", "spec", "secretName"),
		"the authority is one":     at("Certificate/opa-ca", "spec", "isCA") == true,
		"it vouches for itself":    at("Certificate/opa-ca", "spec", "issuerRef", "name") == "opa-selfsigned",
		"somebody issues that":     at("Issuer/opa-selfsigned", "spec", "selfSigned") != nil,
		"all live in a namespace":  at("Issuer/opa-ca", "metadata", "namespace") == "policies" && at("Certificate/opa-tls", "metadata", "namespace") == "policies",
		"mutating trusts it":       set.mutating.Annotations["cert-manager.io/inject-ca-from"] == "policies/opa-tls",
		"validating trusts it":     set.validating.Annotations["cert-manager.io/inject-ca-from"] == "policies/opa-tls",
		"no CA bundle of our own":  set.mutating.Webhooks[0].ClientConfig.CABundle == nil,
		"there is nothing besides": len(set.certificates) == 4,
	} {
		if !ok {
			t.Errorf("not so: %s\n%v", what, set.certificates)
		}
	}
}

// TestTheServerStaysUp holds the Deployment against what a webhook that fails closed has to survive.
func TestTheServerStaysUp(t *testing.T) {
	set := build(t, webhook.Options{BundleURL: url})
	spec := set.deployment.Spec
	pod, container := spec.Template.Spec, spec.Template.Spec.Containers[0]
	for what, ok := range map[string]bool{
		"two replicas":               *spec.Replicas == 2 && set.budget.Spec.MinAvailable.IntVal == 1,
		"none goes before one comes": spec.Strategy.RollingUpdate.MaxUnavailable.IntVal == 0 && spec.Strategy.RollingUpdate.MaxSurge.IntVal == 1,
		"ready with a bundle":        container.ReadinessProbe.HTTPGet.Path == "/health?bundles" && container.LivenessProbe.HTTPGet.Path == "/health",
		"not evicted":                pod.PriorityClassName == "system-cluster-critical",
		"drained before killed":      *pod.TerminationGracePeriodSeconds > 20,
		"spread":                     len(pod.TopologySpreadConstraints) == 2,
		"requests resources":         len(container.Resources.Requests) == 2,
		"the OPA that is tested":     container.Image == "openpolicyagent/opa:"+version.Version,
		"no root":                    *pod.SecurityContext.RunAsNonRoot && *container.SecurityContext.RunAsNonRoot,
		"seccomp":                    pod.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"no escalation":              !*container.SecurityContext.AllowPrivilegeEscalation && *container.SecurityContext.ReadOnlyRootFilesystem,
		"no capabilities":            cmp.Equal(container.SecurityContext.Capabilities, &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}),
		"no token":                   !*pod.AutomountServiceAccountToken && !*set.account.AutomountServiceAccountToken,
		"its namespace is guarded":   set.namespace.Labels["pod-security.kubernetes.io/enforce"] == "restricted",
		"a bundle that is kept":      strings.Contains(set.settings.Data["opa.yaml"], "persist: true"),
	} {
		if !ok {
			t.Errorf("not so: %s", what)
		}
	}
}
