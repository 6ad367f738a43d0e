// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/version"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	replicas      = 2
	containerPort = 8443
	portName      = "https"
	user          = 1000 // of OPA's image
)

// namespace lets in what the restricted Pod Security Standard admits: the webhook does not judge these pods.
func (o *Options) namespace() *corev1.Namespace {
	labels := o.labels()
	labels["pod-security.kubernetes.io/enforce"] = "restricted"
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: o.Namespace, Labels: labels},
	}
}

func (o *Options) serviceAccount() *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta:                   o.meta(""),
		AutomountServiceAccountToken: new(false),
	}
}

func (o *Options) service() *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: o.meta(""),
		Spec: corev1.ServiceSpec{
			Selector: o.labels(),
			Ports: []corev1.ServicePort{{
				Name: portName, Protocol: corev1.ProtocolTCP, Port: servicePort, TargetPort: intstr.FromString(portName),
			}},
		},
	}
}

// disruptionBudget keeps one replica through a drain: without any, no pod can be created.
func (o *Options) disruptionBudget() *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: policyv1.SchemeGroupVersion.String(), Kind: "PodDisruptionBudget"},
		ObjectMeta: o.meta(""),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: new(intstr.FromInt32(replicas - 1)), Selector: &metav1.LabelSelector{MatchLabels: o.labels()},
		},
	}
}

// deployment runs OPA.
func (o *Options) deployment() *appsv1.Deployment {
	selector := &metav1.LabelSelector{MatchLabels: o.labels()}
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
		ObjectMeta: o.meta(""),
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(replicas)),
			Selector: selector,
			Strategy: appsv1.DeploymentStrategy{
				Type:          appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: new(intstr.FromInt32(0)), MaxSurge: new(intstr.FromInt32(1))},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: o.labels()},
				Spec:       o.pod(selector),
			},
		},
	}
}

func (o *Options) pod(selector *metav1.LabelSelector) corev1.PodSpec {
	spread := func(key string) corev1.TopologySpreadConstraint {
		return corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: selector,
		}
	}
	return corev1.PodSpec{
		ServiceAccountName:            o.Name,
		AutomountServiceAccountToken:  new(false),
		EnableServiceLinks:            new(false),
		PriorityClassName:             "system-cluster-critical",
		TerminationGracePeriodSeconds: new(int64(30)),
		TopologySpreadConstraints:     []corev1.TopologySpreadConstraint{spread(corev1.LabelHostname), spread(corev1.LabelTopologyZone)},
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: new(true), RunAsUser: new(int64(user)), RunAsGroup: new(int64(user)), FSGroup: new(int64(user)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{o.container()},
		Volumes:    o.volumes(),
	}
}

func (o *Options) container() corev1.Container {
	c := corev1.Container{
		Name:  "opa",
		Image: "openpolicyagent/opa:" + version.Version,
		Args: []string{
			"run", "--server",
			fmt.Sprintf("--addr=:%d", containerPort),
			"--config-file=" + settingsFolder + "/" + configName,
			"--tls-cert-file=" + tlsFolder + "/" + corev1.TLSCertKey,
			"--tls-private-key-file=" + tlsFolder + "/" + corev1.TLSPrivateKeyKey,
			"--tls-cert-refresh-period=1m",
			"--authorization=basic",
			"--log-level-request=debug",
			"--skip-version-check",
			"--shutdown-wait-period=10", // until no API server is sent here any more
			"--shutdown-grace-period=10",
			settingsFolder + "/" + authzName,
			settingsFolder + "/" + maskName,
		},
		// Garbage is collected seldom as long as there is room: a fifth of the time of a decision (docs/performance.md).
		Env:            []corev1.EnvVar{{Name: "GOGC", Value: "400"}, {Name: "GOMEMLIMIT", Value: "900MiB"}},
		Ports:          []corev1.ContainerPort{{Name: portName, ContainerPort: containerPort, Protocol: corev1.ProtocolTCP}},
		ReadinessProbe: probe("/health?bundles", 5, 2),
		LivenessProbe:  probe("/health", 10, 6),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true), RunAsNonRoot: new(true),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "settings", MountPath: settingsFolder, ReadOnly: true},
			{Name: "tls", MountPath: tlsFolder, ReadOnly: true},
			{Name: "state", MountPath: stateFolder},
		},
	}
	if o.BundleTokenSecret != "" {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "token", MountPath: tokenFolder, ReadOnly: true})
	}
	return c
}

// probe asks OPA's health; ready is who has a bundle, and alive who answers at all.
func probe(path string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString(portName), Scheme: corev1.URISchemeHTTPS},
		},
		PeriodSeconds: period, TimeoutSeconds: 3, FailureThreshold: failures,
	}
}

// volumes: the last bundle is kept in the pod, so that a container starts again without the bundle's server.
func (o *Options) volumes() []corev1.Volume {
	secret := func(name string) corev1.VolumeSource {
		return corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name, DefaultMode: new(int32(0o440))}}
	}
	certificate := o.TLSSecret
	if certificate == "" {
		certificate = o.Name + certificateSuffix
	}
	list := []corev1.Volume{
		{Name: "settings", VolumeSource: corev1.VolumeSource{
			ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: o.Name}},
		}},
		{Name: "tls", VolumeSource: secret(certificate)},
		{Name: "state", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
	}
	if o.BundleTokenSecret != "" {
		list = append(list, corev1.Volume{Name: "token", VolumeSource: secret(o.BundleTokenSecret)})
	}
	return list
}
