// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"psp2rego/verify/protocol"
)

const namespacesPath = "/api/v1/namespaces"

// Reasons why a case cannot be tried on this cluster.
const (
	noNamespace  = "its namespace does not exist on the cluster"
	exempt       = "its namespace is exempt: the cluster's webhooks leave it alone"
	leaving      = "its namespace is being removed from the cluster, or was made by others since the run began"
	badNamespace = "its namespace has a name that none can have"
	noAccount    = "its service account does not exist on the cluster"
	badAccount   = "its service account has a name that none can have"
)

// askPlaces reads which namespaces and service accounts there are.
func (s *Server) askPlaces(ctx context.Context) error {
	s.namespaces, s.accounts = map[string]bool{}, map[[2]string]bool{}
	err := s.list(ctx, namespacesPath, func(m listed) {
		if m.Metadata.DeletionTimestamp == "" {
			s.namespaces[m.Metadata.Name] = true
		}
	})
	if err != nil {
		return err
	}
	return s.list(ctx, "/api/v1/serviceaccounts", func(m listed) {
		s.accounts[[2]string{m.Metadata.Namespace, m.Metadata.Name}] = true
	})
}

type listed struct {
	Metadata struct{ Name, Namespace, DeletionTimestamp string }
}

// list reads all objects of a resource, page by page.
func (s *Server) list(ctx context.Context, path string, each func(listed)) error {
	query := url.Values{"limit": {"500"}}
	for {
		var page struct {
			Metadata struct{ Continue string }
			Items    []listed
		}
		if err := s.get(ctx, path, query, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			each(item)
		}
		if page.Metadata.Continue == "" {
			return nil
		}
		query.Set("continue", page.Metadata.Continue)
	}
}

// Exempt has no pods tried in the namespaces of these names, which need not exist. It has to be called before the server is asked anything else.
func (s *Server) Exempt(names ...string) {
	for _, name := range names {
		s.exempt[name] = true
	}
}

// Exempted are the names that Exempt was told, sorted.
func (s *Server) Exempted() []string { return slices.Sorted(maps.Keys(s.exempt)) }

// Namespaces are those in which pods can be tried that name no service account, sorted; nil if those that are missing are made.
func (s *Server) Namespaces() []string {
	if s.creates {
		return nil
	}
	var all []string
	for name := range s.namespaces {
		if s.accounts[[2]string{name, "default"}] && !s.exempt[name] {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// place makes sure that the namespace and the service account of a prepared request are there, or says what is missing.
func (s *Server) place(ctx context.Context, r *protocol.Request) (missing string, err error) {
	pod := struct {
		Spec struct{ ServiceAccountName string }
	}{}
	if err := json.Unmarshal(r.Object, &pod); err != nil {
		return "", fmt.Errorf("object: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exempt[r.Namespace] {
		return exempt, nil
	}
	if missing, err := s.namespace(ctx, r.Namespace); err != nil || missing != "" {
		return missing, err
	}
	return s.account(ctx, r.Namespace, pod.Spec.ServiceAccountName)
}

// namespace makes sure that the namespace is there.
func (s *Server) namespace(ctx context.Context, name string) (missing string, err error) {
	if s.namespaces[name] {
		return "", nil
	}
	if !s.creates {
		return noNamespace, nil
	}
	place := [2]string{name}
	if missing, known := s.never[place]; known {
		return missing, nil
	}
	missing, err = s.make(context.WithValue(ctx, own{}, true), name)
	if missing != "" {
		s.never[place] = missing
	}
	return missing, err
}

// account makes sure that the service account is there, unless none is named.
func (s *Server) account(ctx context.Context, in, name string) (missing string, err error) {
	account := [2]string{in, name}
	if name == "" || s.accounts[account] {
		return "", nil
	}
	if _, own := s.made[in]; !own {
		return noAccount, nil
	}
	if missing, known := s.never[account]; known {
		return missing, nil
	}
	code, err := s.makeObject(context.WithValue(ctx, own{}, true), in, serviceAccount(name))
	switch {
	case code == http.StatusUnprocessableEntity:
		s.never[account] = badAccount
		return badAccount, nil
	case err != nil:
		return "", err
	}
	s.accounts[account] = true
	return "", nil
}

// ownObject is something that is made in a namespace of this program's own.
type ownObject struct {
	api, resource string
	body          map[string]any
}

func serviceAccount(name string) ownObject {
	return ownObject{"/api/v1", "serviceaccounts", map[string]any{
		"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": name},
	}}
}

// ownObjects are those that each namespace gets. Nobody but requesters of this program is in the group.
func ownObjects() []ownObject {
	const api, name = "/apis/rbac.authorization.k8s.io/v1", "psp2rego-create-pods"
	head := func(kind string) map[string]any {
		return map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": map[string]any{"name": name}}
	}
	role, binding := head("Role"), head("RoleBinding")
	role["rules"] = []any{map[string]any{"apiGroups": []string{""}, "resources": []string{"pods"}, "verbs": []string{"create"}}}
	binding["roleRef"] = map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
	binding["subjects"] = []any{map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": Group}}
	return []ownObject{serviceAccount("default"), {api, "roles", role}, {api, "rolebindings", binding}}
}

// make makes a namespace with everything that pods need there, unless there is one of the name, which may be on its way out, or none can have the name.
func (s *Server) make(ctx context.Context, name string) (missing string, err error) {
	r, err := s.call(ctx, nil, http.MethodPost, namespacesPath, nil, map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": name, "labels": map[string]string{
			"app.kubernetes.io/managed-by": "psp2rego", "pod-security.kubernetes.io/enforce": "privileged",
		}},
	})
	var stored struct{ Metadata struct{ UID string } }
	switch {
	case err == nil && r.code == http.StatusConflict:
		return leaving, nil
	case err == nil && r.code == http.StatusUnprocessableEntity:
		return badNamespace, nil
	case err == nil:
		err = s.into(r, &stored)
	}
	if err != nil {
		return "", fmt.Errorf("--create-namespaces: %w", err)
	}
	s.made[name], s.namespaces[name] = stored.Metadata.UID, true
	for _, object := range ownObjects() {
		if _, err := s.makeObject(ctx, name, object); err != nil {
			return "", err
		}
	}
	s.accounts[[2]string{name, "default"}] = true
	return "", s.awaitGrant(ctx, name)
}

// makeObject makes something in a namespace; what the cluster was quicker to make is fine. code is the server's, if it answered.
func (s *Server) makeObject(ctx context.Context, in string, object ownObject) (code int, err error) {
	path := object.api + "/namespaces/" + in + "/" + object.resource
	r, err := s.call(ctx, nil, http.MethodPost, path, nil, object.body)
	if r != nil {
		code = r.code
	}
	if err == nil && code >= http.StatusMultipleChoices && code != http.StatusConflict {
		err = s.fault(r)
	}
	if err != nil {
		return code, fmt.Errorf("--create-namespaces: %w", err)
	}
	return code, nil
}

// awaitGrant waits until the binding that was just made is known to the server's authorizer, which learns of it a moment later.
func (s *Server) awaitGrant(ctx context.Context, in string) error {
	probe := &requester{user: "psp2rego:probe", groups: []string{Group, authenticated}}
	attributes := map[string]string{"verb": "create", "resource": "pods", "namespace": in}
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		return s.may(ctx, probe, attributes)
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("--create-namespaces: in namespace %s, group %s may not create pods although it is granted to it: %w", in, Group, err)
	}
	return err
}

// remove removes a namespace that was made, and no other that may have its name by now.
func (s *Server) remove(ctx context.Context, name, uid string) error {
	ctx = context.WithValue(ctx, own{}, true)
	r, err := s.call(ctx, nil, http.MethodDelete, namespacesPath+"/"+name, nil, map[string]any{
		"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": map[string]any{"uid": uid},
	})
	if err == nil && r.code >= http.StatusMultipleChoices && r.code != http.StatusNotFound {
		err = s.fault(r)
	}
	return err
}
