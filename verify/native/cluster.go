// SPDX-License-Identifier: Apache-2.0

package main

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/plugin/pkg/admission/security/podsecuritypolicy"
)

// cluster is the upstream plugin over one set of policies, roles and bindings.
type cluster struct {
	dialect dialect
	plugin  admission.Interface
}

// newCluster builds the plugin the way kube-apiserver does, from its registration, with
// informer stores that hold the given objects. The authorizer is RBAC alone: what the
// API server of 1.24 hands to admission has no superuser built in
// (pkg/controlplane, cmd/kube-apiserver/app/server.go: buildGenericConfig).
func newCluster(spec *clusterSpec, roles *aggregator) (*cluster, error) {
	d, err := parseDialect(spec.Dialect)
	if err != nil {
		return nil, err
	}
	objects, err := decodeObjects(spec.Objects)
	if err != nil {
		return nil, err
	}
	if err := roles.fill(objects.clusterRoles); err != nil {
		return nil, err
	}
	// Never started: the stores are filled here and the client is never asked.
	client := &kubernetes.Clientset{}
	factory := informers.NewSharedInformerFactory(client, 0)
	policies := factory.Policy().V1beta1().PodSecurityPolicies().Informer().GetIndexer()
	for _, policy := range objects.policies {
		if err := policies.Add(policy); err != nil {
			return nil, err
		}
	}
	authorizer, err := newAuthorizer(objects)
	if err != nil {
		return nil, err
	}
	chain, err := newChain(podsecuritypolicy.Register, podsecuritypolicy.PluginName,
		initializer.New(client, factory, authorizer, utilfeature.DefaultFeatureGate))
	if err != nil {
		return nil, err
	}
	return &cluster{dialect: d, plugin: chain}, nil
}

// newChain is an admission chain of one plugin, built from its registration.
func newChain(register func(*admission.Plugins), name string, init admission.PluginInitializer) (admission.Interface, error) {
	plugins := admission.NewPlugins()
	register(plugins)
	configs, err := admission.ReadAdmissionConfiguration([]string{name}, "", runtime.NewScheme())
	if err != nil {
		return nil, err
	}
	return plugins.NewFromPlugins([]string{name}, configs, init, nil)
}

// objectInterfaces is what the API server hands to plugins beside the attributes.
func objectInterfaces() admission.ObjectInterfaces {
	return admission.NewObjectInterfacesFromScheme(legacyscheme.Scheme)
}
