// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// tokenMountPath is where the ServiceAccount plugin mounts its token volume, and mirrorPod the annotation that keeps it
// away from a pod (plugin/pkg/admission/serviceaccount/admission.go, v1.24.17).
const (
	tokenMountPath    = "/var/run/secrets/kubernetes.io/serviceaccount"
	tokenVolumePrefix = "kube-api-access-"
	mirrorPod         = "kubernetes.io/config.mirror"
)

// defaultPod fills in what the API server fills in before PodSecurityPolicy admission sees a pod, as far as a policy
// reads it: SetDefaults_PodSpec, SetDefaults_Volume and their like (pkg/apis/core/v1/defaults.go, v1.24.17), and the
// deprecated name of the service account (Convert_v1_PodSpec_To_core_PodSpec, pkg/apis/core/v1/conversion.go).
func defaultPod(pod *corev1.Pod) {
	spec := &pod.Spec
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	if spec.ServiceAccountName == "" {
		spec.ServiceAccountName = spec.DeprecatedServiceAccount
	}
	spec.DeprecatedServiceAccount = spec.ServiceAccountName
	if spec.HostNetwork {
		defaultHostPorts(spec.Containers)
		defaultHostPorts(spec.InitContainers)
	}
	for i := range spec.Volumes {
		defaultVolume(&spec.Volumes[i].VolumeSource)
	}
}

func defaultHostPorts(containers []corev1.Container) {
	for _, c := range containers {
		for i := range c.Ports {
			if c.Ports[i].HostPort == 0 {
				c.Ports[i].HostPort = c.Ports[i].ContainerPort
			}
		}
	}
}

func defaultVolume(volume *corev1.VolumeSource) {
	if *volume == (corev1.VolumeSource{}) {
		volume.EmptyDir = &corev1.EmptyDirVolumeSource{}
	}
	if path := volume.HostPath; path != nil && path.Type == nil {
		unset := corev1.HostPathUnset
		path.Type = &unset
	}
	if volume.DownwardAPI != nil {
		defaultFieldRefs(volume.DownwardAPI.Items)
	}
	if volume.Projected != nil {
		for _, source := range volume.Projected.Sources {
			if source.DownwardAPI != nil {
				defaultFieldRefs(source.DownwardAPI.Items)
			}
		}
	}
}

func defaultFieldRefs(files []corev1.DownwardAPIVolumeFile) {
	for i := range files {
		if ref := files[i].FieldRef; ref != nil && ref.APIVersion == "" {
			ref.APIVersion = "v1"
		}
	}
}

// addServiceAccount does to a new pod what the ServiceAccount plugin does (Admit and mountServiceAccountToken in
// plugin/pkg/admission/serviceaccount/admission.go, v1.24.17), for a service account that leaves token mounting on.
func addServiceAccount(pod *corev1.Pod) {
	if _, mirror := pod.Annotations[mirrorPod]; mirror {
		return
	}
	spec := &pod.Spec
	if spec.ServiceAccountName == "" {
		spec.ServiceAccountName = "default"
		spec.DeprecatedServiceAccount = "default"
	}
	if automount := spec.AutomountServiceAccountToken; automount != nil && !*automount {
		return
	}
	name, mounted := tokenVolumePrefix+"xxxxx", false
	for _, volume := range spec.Volumes {
		if strings.HasPrefix(volume.Name, tokenVolumePrefix) {
			name, mounted = volume.Name, true
			break
		}
	}
	init, regular := mountToken(spec.InitContainers, name), mountToken(spec.Containers, name)
	if !mounted && (init || regular) {
		spec.Volumes = append(spec.Volumes, corev1.Volume{
			Name: name, VolumeSource: corev1.VolumeSource{Projected: tokenVolume()},
		})
	}
}

// mountToken mounts the volume into the containers that mount nothing else there; it reports whether there are any.
func mountToken(containers []corev1.Container, volume string) (needed bool) {
	for i := range containers {
		mounts := &containers[i].VolumeMounts
		taken := false
		for _, mount := range *mounts {
			taken = taken || mount.MountPath == tokenMountPath
		}
		if !taken {
			*mounts = append(*mounts, corev1.VolumeMount{Name: volume, ReadOnly: true, MountPath: tokenMountPath})
			needed = true
		}
	}
	return needed
}

// tokenVolume is TokenVolumeSource of the same file, with its expiry of WarnOnlyBoundTokenExpirationSeconds.
func tokenVolume() *corev1.ProjectedVolumeSource {
	mode, expiry := corev1.ProjectedVolumeSourceDefaultMode, int64(60*60+7)
	return &corev1.ProjectedVolumeSource{
		DefaultMode: &mode,
		Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &expiry}},
			{ConfigMap: &corev1.ConfigMapProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
				Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
			}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{
				Path:     "namespace",
				FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"},
			}}}},
		},
	}
}
