// SPDX-License-Identifier: Apache-2.0

package clusters

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// state is what a cluster holds on behalf of a test: objects by their paths.
type state struct {
	applied map[string][]byte
}

// The API groups of what decides, as API servers have them.
const (
	rbacAPI = "rbac.authorization.k8s.io/v1"
	pspAPI  = "policy/v1beta1"
)

// resources are the kinds of objects that decide about pods, by their names.
var resources = map[string]struct {
	api, name  string
	namespaced bool
}{
	"PodSecurityPolicy":  {pspAPI, "podsecuritypolicies", false},
	"ClusterRole":        {rbacAPI, "clusterroles", false},
	"Role":               {rbacAPI, "roles", true},
	"ClusterRoleBinding": {rbacAPI, "clusterrolebindings", false},
	"RoleBinding":        {rbacAPI, "rolebindings", true},
}

// PoliciesPath is where policies are, on servers that have them.
const PoliciesPath = "/apis/" + pspAPI + "/podsecuritypolicies"

// locate gives the collection and the path of an object, and the object in the API group's version that servers have.
func locate(object json.RawMessage) (collection, path string, body []byte, err error) {
	var fields map[string]any
	if err := json.Unmarshal(object, &fields); err != nil {
		return "", "", nil, err
	}
	kind, _ := fields["kind"].(string)
	resource, ok := resources[kind]
	if !ok {
		return "", "", nil, fmt.Errorf("a %s decides nothing about pods", kind)
	}
	fields["apiVersion"] = resource.api
	metadata, _ := fields["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	delete(metadata, "finalizers") // nobody here would take them away, and the object would stay
	collection = "/apis/" + resource.api + "/" + resource.name
	if resource.namespaced {
		namespace, _ := metadata["namespace"].(string)
		collection = "/apis/" + resource.api + "/namespaces/" + namespace + "/" + resource.name
	}
	body, err = json.Marshal(fields)
	return collection, collection + "/" + name, body, err
}

// Refused is an object that an API server does not take.
type Refused struct {
	Path, Message string
}

// Apply makes the cluster hold these policies, roles and bindings beside its own: what an earlier call left is deleted. Objects that the API server does
// not take are left out, and told. An object that the cluster has of its own accord, such as the role cluster-admin, stays as it is.
func (c *Cluster) Apply(ctx context.Context, s *Server, objects []json.RawMessage) ([]Refused, error) {
	if c.state == nil {
		c.state = &state{applied: map[string][]byte{}}
	}
	var list []wanted
	want := map[string][]byte{}
	for _, object := range objects {
		collection, path, body, err := locate(object)
		if err != nil {
			return nil, err
		}
		if want[path] == nil {
			list = append(list, wanted{collection, path})
		}
		want[path] = body
	}
	for _, path := range slices.Sorted(maps.Keys(c.state.applied)) {
		if aggregated(path, want[path]) == nil && bytes.Equal(want[path], c.state.applied[path]) {
			continue
		}
		if _, err := s.Must(ctx, &Call{Method: http.MethodDelete, Path: path}); err != nil {
			return nil, err
		}
		delete(c.state.applied, path)
	}
	return c.create(ctx, s, list, want)
}

// wanted is an object, the path it gets, and where it is posted.
type wanted struct{ collection, path string }

// create makes what the cluster does not have yet: plain cluster roles first, then those that are filled with their rules, then all others, the last cluster role
// among them, which is a sentinel's.
func (c *Cluster) create(ctx context.Context, s *Server, list []wanted, want map[string][]byte) ([]Refused, error) {
	last := -1
	for i, w := range list {
		if w.collection == clusterRolesPath {
			last = i
		}
	}
	var refused []Refused
	post := func(w wanted, body []byte) error {
		if c.state.applied[w.path] != nil {
			return nil
		}
		answer, err := s.Do(ctx, &Call{Method: http.MethodPost, Path: w.collection, Body: body})
		switch {
		case err != nil:
			return err
		case answer.Status == nil:
			c.state.applied[w.path] = want[w.path]
		case answer.Status.Reason != metav1.StatusReasonAlreadyExists:
			refused = append(refused, Refused{w.path, answer.Status.Message})
		}
		return nil
	}
	var rest, collecting []wanted
	var roles []*rbacv1.ClusterRole
	for i, w := range list {
		role := aggregated(w.path, want[w.path])
		switch {
		case role != nil:
			collecting, roles = append(collecting, w), append(roles, role)
		case w.collection == clusterRolesPath && i != last:
			if err := post(w, want[w.path]); err != nil {
				return nil, err
			}
		default:
			rest = append(rest, w)
		}
	}
	if err := s.fill(ctx, roles); err != nil {
		return nil, err
	}
	for i, w := range collecting {
		body, err := json.Marshal(roles[i])
		if err != nil {
			return nil, err
		}
		if err := post(w, body); err != nil {
			return nil, err
		}
	}
	for _, w := range rest {
		if err := post(w, want[w.path]); err != nil {
			return nil, err
		}
	}
	return refused, nil
}

// Policies are the policies of the cluster, as it stores them.
func (s *Server) Policies(ctx context.Context) (json.RawMessage, error) {
	return s.Must(ctx, &Call{Method: http.MethodGet, Path: PoliciesPath})
}

// Prepare makes the namespaces with the service accounts, and lets everybody do everything with pods that RBAC can forbid, so that policies alone decide.
func (c *Cluster) Prepare(ctx context.Context, s *Server, accounts map[string][]string) error {
	for _, namespace := range slices.Sorted(maps.Keys(accounts)) {
		if err := c.Accounts(ctx, s, namespace, accounts[namespace]...); err != nil {
			return err
		}
	}
	role := rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "e2e-pods"}, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"pods", "pods/status", "pods/ephemeralcontainers"},
		Verbs: []string{"create", "get", "list", "update", "patch", "delete"},
	}}}
	if err := s.Ensure(ctx, "/apis/"+rbacAPI+"/clusterroles", &role); err != nil {
		return err
	}
	binding := rbacv1.ClusterRoleBinding{
		ObjectMeta: role.ObjectMeta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{
			{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "system:authenticated"},
			{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "system:unauthenticated"},
		},
	}
	return s.Ensure(ctx, "/apis/"+rbacAPI+"/clusterrolebindings", &binding)
}

// Accounts makes a namespace and service accounts in it. A name that the API does not take is left out: pods that name it are refused by all servers.
func (c *Cluster) Accounts(ctx context.Context, s *Server, namespace string, names ...string) error {
	object := corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if err := s.Ensure(ctx, "/api/v1/namespaces", &object); err != nil {
		return err
	}
	for _, name := range names {
		if len(validation.IsDNS1123Subdomain(name)) > 0 {
			continue
		}
		object := corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if err := s.Ensure(ctx, "/api/v1/namespaces/"+namespace+"/serviceaccounts", &object); err != nil {
			return err
		}
	}
	return nil
}

// WithoutPolicies are the objects that are no policies and were not refused.
func WithoutPolicies(objects []json.RawMessage, refused []Refused) ([]json.RawMessage, error) {
	var rest []json.RawMessage
	for _, object := range objects {
		collection, path, _, err := locate(object)
		if err != nil {
			return nil, err
		}
		isRefused := slices.ContainsFunc(refused, func(r Refused) bool { return r.Path == path })
		if collection != PoliciesPath && !isRefused {
			rest = append(rest, object)
		}
	}
	return rest, nil
}
