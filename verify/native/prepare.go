// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/storage/names"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	api "k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/plugin/pkg/admission/serviceaccount"
)

// preparer does to a request what the API server does before PodSecurityPolicy sees it.
type preparer struct {
	podCodec
	accounts cache.Indexer
	plugin   admission.Interface // ServiceAccount
}

func newPreparer() (*preparer, error) {
	// Never started: the store is filled for each request and the client is never asked.
	client := &kubernetes.Clientset{}
	factory := informers.NewSharedInformerFactory(client, 0)
	chain, err := newChain(serviceaccount.Register, serviceaccount.PluginName,
		initializer.New(client, factory, nil, utilfeature.DefaultFeatureGate))
	if err != nil {
		return nil, err
	}
	accounts := factory.Core().V1().ServiceAccounts().Informer().GetIndexer()
	return &preparer{podCodec: newPodCodec(), accounts: accounts, plugin: chain}, nil
}

// prepare decodes, defaults, and on the creation of a pod lets the ServiceAccount plugin
// fill in account and token volume unless the request says otherwise.
func (p *preparer) prepare(r *request) (*podRequest, error) {
	decoded, err := p.decodeRequest(r)
	if err != nil {
		return nil, err
	}
	skip := r.ServiceAccountPlugin != nil && !*r.ServiceAccountPlugin
	if skip || !decoded.isMain() || !decoded.is(admission.Create) {
		return decoded, nil
	}
	return decoded, p.addServiceAccount(decoded)
}

// addServiceAccount runs the ServiceAccount plugin in a world where the pod's account
// exists. A pod that the plugin refuses never gets to PodSecurityPolicy.
func (p *preparer) addServiceAccount(r *podRequest) error {
	name := r.pod.Spec.ServiceAccountName
	if name == "" {
		name = serviceaccount.DefaultServiceAccountName
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: r.Namespace, Name: name}}
	if err := p.accounts.Add(account); err != nil {
		return err
	}
	volumes := len(r.pod.Spec.Volumes)
	mutation := p.plugin.(admission.MutationInterface)
	err := mutation.Admit(context.Background(), r.attributes(nil), nil)
	if deleteErr := p.accounts.Delete(account); err == nil && deleteErr != nil {
		return deleteErr
	}
	if err != nil {
		return decodeFault("object: refused by the %s plugin: %v", serviceaccount.PluginName, err)
	}
	if len(r.pod.Spec.Volumes) > volumes {
		fixTokenVolumeName(&r.pod.Spec)
	}
	return nil
}

// fixTokenVolumeName renames the token volume that was just appended, and its mounts,
// from a random to a constant name, so that equal requests have equal answers.
func fixTokenVolumeName(spec *api.PodSpec) {
	volume := &spec.Volumes[len(spec.Volumes)-1]
	random, fixed := volume.Name, fixedName(serviceaccount.ServiceAccountVolumeName+"-")
	volume.Name = fixed
	for _, containers := range [][]api.Container{spec.InitContainers, spec.Containers} {
		for _, container := range containers {
			for i := range container.VolumeMounts {
				mount := &container.VolumeMounts[i]
				if mount.Name == random && mount.MountPath == serviceaccount.DefaultAPITokenMountPath {
					mount.Name = fixed
				}
			}
		}
	}
}

// fixedName is a generated name with a constant in place of the random suffix.
// The generator's alphabet has no zero, so that it never makes the same name.
func fixedName(base string) string {
	const suffix = "00000"
	name := names.SimpleNameGenerator.GenerateName(base)
	return name[:len(name)-len(suffix)] + suffix
}
