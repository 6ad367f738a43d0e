// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"

	"psp2rego/translate/manifest"
)

// Snapshot reads a cluster's roles and bindings once, and its policies too if asked to, each object as a source of its own, sorted by name. A cluster
// without the PodSecurityPolicy API, where it is needed, is ErrNoPolicyAPI. Unlike Cluster it waits for nothing.
func Snapshot(ctx context.Context, config *rest.Config, policies bool) ([]manifest.Source, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	resources := rbacResources()
	if policies {
		resources = append(resources, podSecurityPolicies())
	}
	var sources []manifest.Source
	for _, resource := range resources {
		list := func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.Resource(resource).List(ctx, o)
		}
		err := pager.New(list).EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
			source, err := sourceOf(resource, object)
			sources = append(sources, source)
			return err
		})
		switch {
		case apierrors.IsNotFound(err) && resource == podSecurityPolicies():
			return nil, ErrNoPolicyAPI
		case err != nil:
			return nil, fmt.Errorf("read %s from the cluster: %w", resource.Resource, err)
		}
	}
	slices.SortFunc(sources, func(a, b manifest.Source) int { return cmp.Compare(a.Name, b.Name) })
	return sources, nil
}

// sourceOf is an object of the resource without what differs between API servers and says nothing. The object itself stays as it is.
func sourceOf(resource schema.GroupVersionResource, object any) (manifest.Source, error) {
	u, ok := object.(*unstructured.Unstructured)
	if !ok {
		return manifest.Source{}, fmt.Errorf("among the %s is a %T", resource.Resource, object)
	}
	name := resource.Resource + "/"
	if u.GetNamespace() != "" {
		name += u.GetNamespace() + "/"
	}
	name += u.GetName()
	u = u.DeepCopy()
	u.SetManagedFields(nil)
	u.SetResourceVersion("")
	text, err := json.Marshal(u.Object)
	if err != nil {
		return manifest.Source{}, fmt.Errorf("%s: %w", name, err)
	}
	return manifest.Source{Name: name, Reader: bytes.NewReader(text)}, nil
}
