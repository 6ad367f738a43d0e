// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	appsv1beta1 "k8s.io/api/apps/v1beta1"
	appsv1beta2 "k8s.io/api/apps/v1beta2"
	batchv1 "k8s.io/api/batch/v1"
	batchv1beta1 "k8s.io/api/batch/v1beta1"
	corev1 "k8s.io/api/core/v1"
	extensionsv1beta1 "k8s.io/api/extensions/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
)

// What a controller adds to a name depends on the cluster and the clock; no policy reads it.
const (
	templateHash = "0000000000"
	scheduleTime = "00000000"
	noUID        = "00000000-0000-0000-0000-000000000000"
)

// workload is an object that makes pods: a Pod, or what a controller makes pods from.
type workload struct {
	kind string
	meta metav1.ObjectMeta
	pod  *corev1.Pod
	// creator is the user that sends the pod to the API server: the service account of a controller
	// (cmd/kube-controller-manager/app/apps.go and batch.go, v1.24.17), or "" for a bare pod, which a person sends.
	creator string
}

// decodeWorkload reads an object strictly, as the API server does for a client that asks for strict validation. ok is
// false for kinds that make no pods.
func decodeWorkload(apiVersion, kind string, data []byte) (w *workload, ok bool, err error) {
	decode, ok := workloadKinds()[apiVersion+" "+kind]
	if !ok {
		return nil, false, nil
	}
	w, err = decode(data)
	if err != nil {
		return nil, true, err
	}
	w.kind = kind
	return w, true, nil
}

func workloadKinds() map[string]func([]byte) (*workload, error) {
	replicas := "replicaset-controller"
	return map[string]func([]byte) (*workload, error){
		"v1 Pod": bare,
		"apps/v1 Deployment": controlled(replicas, func(o *appsv1.Deployment) *workload {
			return deployed(o.ObjectMeta, o.Spec.Template)
		}),
		"apps/v1beta2 Deployment": controlled(replicas, func(o *appsv1beta2.Deployment) *workload {
			return deployed(o.ObjectMeta, o.Spec.Template)
		}),
		"apps/v1beta1 Deployment": controlled(replicas, func(o *appsv1beta1.Deployment) *workload {
			return deployed(o.ObjectMeta, o.Spec.Template)
		}),
		"extensions/v1beta1 Deployment": controlled(replicas, func(o *extensionsv1beta1.Deployment) *workload {
			return deployed(o.ObjectMeta, o.Spec.Template)
		}),
		"apps/v1 ReplicaSet": controlled(replicas, func(o *appsv1.ReplicaSet) *workload {
			return owned("apps/v1", "ReplicaSet", o.Name, o.ObjectMeta, o.Spec.Template)
		}),
		"apps/v1beta2 ReplicaSet": controlled(replicas, func(o *appsv1beta2.ReplicaSet) *workload {
			return owned("apps/v1", "ReplicaSet", o.Name, o.ObjectMeta, o.Spec.Template)
		}),
		"extensions/v1beta1 ReplicaSet": controlled(replicas, func(o *extensionsv1beta1.ReplicaSet) *workload {
			return owned("apps/v1", "ReplicaSet", o.Name, o.ObjectMeta, o.Spec.Template)
		}),
		"apps/v1 DaemonSet": controlled("daemon-set-controller", func(o *appsv1.DaemonSet) *workload {
			return owned("apps/v1", "DaemonSet", o.Name, o.ObjectMeta, o.Spec.Template)
		}),
		"apps/v1beta2 DaemonSet": controlled("daemon-set-controller", func(o *appsv1beta2.DaemonSet) *workload {
			return owned("apps/v1", "DaemonSet", o.Name, o.ObjectMeta, o.Spec.Template)
		}),
		"extensions/v1beta1 DaemonSet": controlled("daemon-set-controller", func(o *extensionsv1beta1.DaemonSet) *workload {
			return owned("apps/v1", "DaemonSet", o.Name, o.ObjectMeta, o.Spec.Template)
		}),
		"apps/v1 StatefulSet": controlled("statefulset-controller", func(o *appsv1.StatefulSet) *workload {
			return stateful(o.ObjectMeta, o.Spec.Template, o.Spec.VolumeClaimTemplates)
		}),
		"apps/v1beta2 StatefulSet": controlled("statefulset-controller", func(o *appsv1beta2.StatefulSet) *workload {
			return stateful(o.ObjectMeta, o.Spec.Template, o.Spec.VolumeClaimTemplates)
		}),
		"apps/v1beta1 StatefulSet": controlled("statefulset-controller", func(o *appsv1beta1.StatefulSet) *workload {
			return stateful(o.ObjectMeta, o.Spec.Template, o.Spec.VolumeClaimTemplates)
		}),
		"batch/v1 Job": controlled("job-controller", func(o *batchv1.Job) *workload {
			return owned("batch/v1", "Job", o.Name, o.ObjectMeta, o.Spec.Template)
		}),
		"batch/v1 CronJob": controlled("job-controller", func(o *batchv1.CronJob) *workload {
			return owned("batch/v1", "Job", o.Name+"-"+scheduleTime, o.ObjectMeta, o.Spec.JobTemplate.Spec.Template)
		}),
		"batch/v1beta1 CronJob": controlled("job-controller", func(o *batchv1beta1.CronJob) *workload {
			return owned("batch/v1", "Job", o.Name+"-"+scheduleTime, o.ObjectMeta, o.Spec.JobTemplate.Spec.Template)
		}),
	}
}

func bare(data []byte) (*workload, error) {
	pod := &corev1.Pod{}
	if err := decodeStrictly(data, pod); err != nil {
		return nil, err
	}
	return &workload{meta: pod.ObjectMeta, pod: pod}, nil
}

func controlled[T any](controller string, shape func(*T) *workload) func([]byte) (*workload, error) {
	return func(data []byte) (*workload, error) {
		object := new(T)
		if err := decodeStrictly(data, object); err != nil {
			return nil, err
		}
		w := shape(object)
		w.creator = "system:serviceaccount:kube-system:" + controller
		return w, nil
	}
}

func decodeStrictly(data []byte, into any) error {
	strict, err := kjson.UnmarshalStrict(data, into)
	return errors.Join(append([]error{err}, strict...)...)
}

// deployed is a pod of the ReplicaSet that a Deployment makes.
func deployed(meta metav1.ObjectMeta, template corev1.PodTemplateSpec) *workload {
	return owned("apps/v1", "ReplicaSet", meta.Name+"-"+templateHash, meta, template)
}

// owned is a pod as GetPodFromTemplate makes it (pkg/controller/controller_utils.go, v1.24.17), owned by the controller
// of the given kind and name.
func owned(apiVersion, kind, owner string, meta metav1.ObjectMeta, template corev1.PodTemplateSpec) *workload {
	yes := true
	return &workload{meta: meta, pod: &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: owner + "-",
			Labels:       template.Labels, Annotations: template.Annotations, Finalizers: template.Finalizers,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: apiVersion, Kind: kind, Name: owner, UID: noUID, Controller: &yes, BlockOwnerDeletion: &yes,
			}},
		},
		Spec: template.Spec,
	}}
}

// stateful is the first pod of a StatefulSet: it has a name, and its claims replace volumes of the same name
// (newStatefulSetPod and updateStorage in pkg/controller/statefulset/stateful_set_utils.go, v1.24.17).
func stateful(meta metav1.ObjectMeta, template corev1.PodTemplateSpec, claims []corev1.PersistentVolumeClaim) *workload {
	w := owned("apps/v1", "StatefulSet", meta.Name, meta, template)
	w.pod.Name = meta.Name + "-0"
	volumes := make([]corev1.Volume, 0, len(claims)+len(w.pod.Spec.Volumes))
	for _, claim := range claims {
		volumes = append(volumes, corev1.Volume{Name: claim.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{
				ClaimName: fmt.Sprintf("%s-%s-0", claim.Name, meta.Name),
			},
		}})
	}
	for _, volume := range w.pod.Spec.Volumes {
		if !slices.ContainsFunc(claims, func(c corev1.PersistentVolumeClaim) bool { return c.Name == volume.Name }) {
			volumes = append(volumes, volume)
		}
	}
	w.pod.Spec.Volumes = volumes
	return w
}

// groupsOf are the groups that the API server gives to an impersonated user, given the ones asked for
// (pkg/endpoints/filters/impersonation.go in k8s.io/apiserver v0.24.17).
func groupsOf(user string, asked []string) []string {
	groups := slices.Clone(asked)
	if account, ok := strings.CutPrefix(user, "system:serviceaccount:"); ok && len(groups) == 0 {
		if namespace, name, ok := strings.Cut(account, ":"); ok && namespace != "" && name != "" {
			groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
		}
	}
	everyone := "system:authenticated"
	if user == "system:anonymous" {
		everyone = "system:unauthenticated"
	}
	if !slices.Contains(groups, everyone) && !slices.Contains(groups, "system:unauthenticated") {
		groups = append(groups, everyone)
	}
	return groups
}
