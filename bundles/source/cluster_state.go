// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"

	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
	"psp2rego/translate/manifest"
	"psp2rego/translate/rbac"
)

func podSecurityPolicies() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "policy", Version: "v1beta1", Resource: "podsecuritypolicies"}
}

func rbacResources() []schema.GroupVersionResource {
	var all []schema.GroupVersionResource
	for _, name := range [...]string{"clusterroles", "roles", "clusterrolebindings", "rolebindings"} {
		all = append(all, schema.GroupVersionResource{Group: rbacv1.GroupName, Version: "v1", Resource: name})
	}
	return all
}

// state is the copy of a cluster, and what was made of its policies.
type state struct {
	log             *slog.Logger
	running         sync.WaitGroup
	changed         chan struct{}
	policiesChanged atomic.Bool
	policies        cache.SharedIndexInformer // nil if files hold them
	files           *Files
	watcher         *watcher
	rbac            []cache.SharedIndexInformer

	unread  bool // the policies' newest state could not be read yet
	read    []translate.Policy
	sources []translate.Source
}

// watchFiles follows the files that hold the policies.
func (s *state) watchFiles(ctx context.Context) error {
	w, err := s.files.watch()
	if err != nil {
		return err
	}
	s.watcher = w
	s.policiesChanged.Store(true)
	s.running.Go(func() {
		defer w.close()
		w.run(ctx)
	})
	s.running.Go(func() {
		for w.next(ctx) == nil {
			s.policiesChanged.Store(true)
			signal(s.changed)
		}
	})
	return nil
}

// synced waits until everything was listed once.
func (s *state) synced(ctx context.Context) bool {
	all := slices.Clone(s.rbac)
	if s.policies != nil {
		all = append(all, s.policies)
		s.policiesChanged.Store(true)
	}
	for _, informer := range all {
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return false
		}
	}
	return true
}

// keep reduces an object to what counts: roles and bindings to their types, policies to what is not the server's own note.
// A watch of a hundred thousand bindings is kept in memory.
func keep(object any) (any, error) {
	u, ok := object.(*unstructured.Unstructured)
	if !ok {
		return object, nil
	}
	var typed runtime.Object
	switch u.GetKind() {
	case manifest.ClusterRole:
		typed = &rbacv1.ClusterRole{}
	case manifest.Role:
		typed = &rbacv1.Role{}
	case manifest.ClusterRoleBinding:
		typed = &rbacv1.ClusterRoleBinding{}
	case manifest.RoleBinding:
		typed = &rbacv1.RoleBinding{}
	default:
		u.SetManagedFields(nil)
		return u, nil
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, typed); err != nil {
		return nil, fmt.Errorf("%s %s/%s: %w", u.GetKind(), u.GetNamespace(), u.GetName(), err)
	}
	meta := typed.(metav1.ObjectMetaAccessor).GetObjectMeta()
	meta.SetManagedFields(nil)
	meta.SetAnnotations(nil)
	return typed, nil
}

// load reads the policies, from the copy or from files, as all input is read.
func (s *state) load(ctx context.Context, result *Result) {
	var cluster *translate.Cluster
	if s.files != nil {
		cluster, result.Diagnostics, result.Err = s.files.once(ctx, s.watcher)
		if result.Err == nil && len(cluster.Objects) > len(cluster.Policies) {
			result.Err = fmt.Errorf("%d roles and bindings in the files: those of the cluster count, so give files with policies alone",
				len(cluster.Objects)-len(cluster.Policies))
		}
	} else {
		var sources []manifest.Source
		if sources, result.Err = s.stored(); result.Err != nil {
			return
		}
		cluster, result.Diagnostics, result.Err = loaded(ctx, sources)
		if len(sources) == 0 {
			result.Err = translate.ErrNothing
		}
	}
	result.Diagnostics = slices.DeleteFunc(result.Diagnostics, func(d diagnostic.Diagnostic) bool {
		// Who may use what is the cluster's to say, and is not in this part of the input.
		return d.Code == diagnostic.NoMasters || d.Code == diagnostic.NoGrants
	})
	if result.Err == nil {
		s.read, s.sources, s.unread = cluster.Policies, cluster.Sources, false
	}
}

// stored is the policies of the copy, each a source of its own, sorted by name.
func (s *state) stored() ([]manifest.Source, error) {
	var sources []manifest.Source
	for _, object := range s.policies.GetStore().List() {
		source, err := sourceOf(podSecurityPolicies(), object)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	slices.SortFunc(sources, func(a, b manifest.Source) int { return cmp.Compare(a.Name, b.Name) })
	return sources, nil
}

// input gathers the roles and bindings of the copy.
func (s *state) input() (rbac.Input, error) {
	var in rbac.Input
	for _, informer := range s.rbac {
		for _, object := range informer.GetStore().List() {
			switch o := object.(type) {
			case *rbacv1.ClusterRole:
				in.ClusterRoles = append(in.ClusterRoles, o)
			case *rbacv1.Role:
				in.Roles = append(in.Roles, o)
			case *rbacv1.ClusterRoleBinding:
				in.ClusterRoleBindings = append(in.ClusterRoleBindings, o)
			case *rbacv1.RoleBinding:
				in.RoleBindings = append(in.RoleBindings, o)
			default:
				return in, fmt.Errorf("the copy of the cluster holds a %T", object)
			}
		}
	}
	for _, p := range s.read {
		in.Policies = append(in.Policies, p.Name)
	}
	return in, nil
}
