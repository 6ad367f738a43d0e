// SPDX-License-Identifier: Apache-2.0

package main

import (
	"k8s.io/apiserver/pkg/authorization/authorizer"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
	"k8s.io/client-go/tools/cache"
	rbacauthorizer "k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

// newAuthorizer is the upstream RBAC authorizer over the given objects.
func newAuthorizer(objects *clusterObjects) (authorizer.Authorizer, error) {
	roles, err := newIndexer(objects.roles)
	if err != nil {
		return nil, err
	}
	roleBindings, err := newIndexer(objects.roleBindings)
	if err != nil {
		return nil, err
	}
	clusterRoles, err := newIndexer(objects.clusterRoles)
	if err != nil {
		return nil, err
	}
	clusterRoleBindings, err := newIndexer(objects.clusterRoleBindings)
	if err != nil {
		return nil, err
	}
	return rbacauthorizer.New(
		&rbacauthorizer.RoleGetter{Lister: rbaclisters.NewRoleLister(roles)},
		&rbacauthorizer.RoleBindingLister{Lister: rbaclisters.NewRoleBindingLister(roleBindings)},
		&rbacauthorizer.ClusterRoleGetter{Lister: rbaclisters.NewClusterRoleLister(clusterRoles)},
		&rbacauthorizer.ClusterRoleBindingLister{Lister: rbaclisters.NewClusterRoleBindingLister(clusterRoleBindings)},
	), nil
}

// newIndexer is an informer's store, indexed by namespace, that holds the objects.
func newIndexer[T any](objects []T) (cache.Indexer, error) {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, object := range objects {
		if err := indexer.Add(object); err != nil {
			return nil, err
		}
	}
	return indexer, nil
}
