// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	rbacclient "k8s.io/client-go/kubernetes/typed/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
)

// aggregator fills the rules of aggregated ClusterRoles with the upstream controller
// (pkg/controller/clusterroleaggregation). It is made once: the controller's queue, which
// nothing is put on, runs goroutines until the process ends.
type aggregator struct {
	client *roleClient
	sync   func(ctx context.Context, key string) error
}

func newAggregator() (*aggregator, error) {
	informer := informers.NewSharedInformerFactory(&kubernetes.Clientset{}, 0).Rbac().V1().ClusterRoles()
	client := &roleClient{roles: informer.Informer().GetIndexer()}
	controller := clusterroleaggregation.NewClusterRoleAggregation(informer, client)
	// One synchronous step of the controller is not exported; its Run works in the
	// background and does not tell when it has come to rest.
	field := reflect.ValueOf(controller).Elem().FieldByName("syncHandler")
	if !field.IsValid() {
		return nil, errors.New("cluster role aggregation controller has no syncHandler")
	}
	sync, ok := reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Interface().(func(context.Context, string) error)
	if !ok {
		return nil, fmt.Errorf("cluster role aggregation controller: syncHandler is a %s", field.Type())
	}
	return &aggregator{client: client, sync: sync}, nil
}

// fill sets the rules of the roles that have an aggregation rule and no rules, as the
// controller would in a cluster that holds exactly these roles. Rules that are there
// are taken as the controller's earlier work and stay.
func (a *aggregator) fill(roles []*rbacv1.ClusterRole) error {
	var empty []*rbacv1.ClusterRole
	for _, role := range roles {
		if role.AggregationRule != nil && len(role.Rules) == 0 {
			empty = append(empty, role)
		}
	}
	if len(empty) == 0 {
		return nil
	}
	if err := a.load(roles); err != nil {
		return err
	}
	defer func() { _ = a.client.roles.Replace(nil, "") }()
	// The set of a role's rules only grows from pass to pass, and a rule travels at least
	// one role further in each; more passes than roles could only change their order.
	for range empty {
		a.client.changed = false
		for _, role := range empty {
			if err := a.sync(context.Background(), role.Name); err != nil {
				return decodeFault("ClusterRole %q: aggregation: %v", role.Name, err)
			}
		}
		if !a.client.changed {
			break
		}
	}
	for _, role := range empty {
		stored, _, err := a.client.roles.GetByKey(role.Name)
		if err != nil {
			return err
		}
		role.Rules = stored.(*rbacv1.ClusterRole).Rules
	}
	return nil
}

// load fills the controller's store. It hides the aggregation rule of roles that are not
// to be touched.
func (a *aggregator) load(roles []*rbacv1.ClusterRole) error {
	objects := make([]any, 0, len(roles))
	for _, role := range roles {
		if role.AggregationRule != nil && len(role.Rules) > 0 {
			role = role.DeepCopy()
			role.AggregationRule = nil
		}
		objects = append(objects, role)
	}
	return a.client.roles.Replace(objects, "")
}

// roleClient is the API server as far as the controller needs it. It has no method but
// Apply; any other call panics.
type roleClient struct {
	rbacclient.ClusterRoleInterface
	roles   cache.Indexer
	changed bool
}

// ClusterRoles returns the client itself.
func (c *roleClient) ClusterRoles() rbacclient.ClusterRoleInterface { return c }

// Apply replaces the rules of a stored role.
func (c *roleClient) Apply(_ context.Context, apply *rbacv1ac.ClusterRoleApplyConfiguration, _ metav1.ApplyOptions) (*rbacv1.ClusterRole, error) {
	stored, found, err := c.roles.GetByKey(*apply.Name)
	if err != nil || !found {
		return nil, fmt.Errorf("applying ClusterRole %q: found %t: %w", *apply.Name, found, err)
	}
	role := stored.(*rbacv1.ClusterRole).DeepCopy()
	role.Rules = nil
	for _, rule := range apply.Rules {
		role.Rules = append(role.Rules, rbacv1.PolicyRule{
			Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources,
			ResourceNames: rule.ResourceNames, NonResourceURLs: rule.NonResourceURLs,
		})
	}
	c.changed = true
	return role, c.roles.Update(role)
}
