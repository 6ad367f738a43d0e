// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
	"psp2rego/translate/rbac"
)

// ErrNoPolicyAPI means that a cluster serves no PodSecurityPolicies, as none does since Kubernetes 1.25.
var ErrNoPolicyAPI = errors.New("this cluster serves no PodSecurityPolicies (policy/v1beta1; they left Kubernetes with 1.25)")

// Cluster reads roles and bindings from a live API server, and policies too unless files hold them, and follows every
// change. While the server is away, what it said last stays.
type Cluster struct {
	config   *rest.Config
	policies *Files
	quiet    time.Duration
	log      *slog.Logger
	contact  *contact
}

// ClusterOptions say how a cluster is read. The zero value reads policies from it.
type ClusterOptions struct {
	// Policies are files that hold the PodSecurityPolicies, and nothing else; nil if the cluster does.
	Policies *Files
	// Quiet is for how long nothing may change before something is made of it; 0 is 200 ms.
	Quiet time.Duration
	// Heartbeat is how often the API server is asked whether it is there; 0 is 10 s. It is away if it does not answer, or
	// refuses to tell changes, for three times as long.
	Heartbeat time.Duration
	// Log may be nil.
	Log *slog.Logger
}

// NewCluster reads the cluster that config leads to.
func NewCluster(config *rest.Config, o ClusterOptions) *Cluster {
	log := cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	c := &Cluster{
		config: rest.CopyConfig(config), policies: o.Policies, quiet: cmp.Or(o.Quiet, 200*time.Millisecond), log: log,
		contact: newContact(cmp.Or(o.Heartbeat, 10*time.Second), log),
	}
	c.config.Wrap(c.contact.transport)
	c.config.UserAgent = cmp.Or(c.config.UserAgent, "psp2rego")
	return c
}

// Stale is for how long nothing was heard of the API server, and an error if that is too long.
func (c *Cluster) Stale() (time.Duration, error) { return c.contact.stale() }

// Run makes a bundle of the cluster and gives it to publish, and again whenever something changes, until the context ends or
// publish returns an error, which Run then returns. It waits for an API server that is away, also at the start. A cluster
// without the PodSecurityPolicy API, where it is needed, is ErrNoPolicyAPI.
func (c *Cluster) Run(ctx context.Context, b *Builder, publish func(Result) error) error {
	ctx, cancel := context.WithCancel(ctx)
	client, err := dynamic.NewForConfig(c.config)
	if err != nil {
		cancel()
		return fmt.Errorf("reach the cluster: %w", err)
	}
	asked, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		cancel()
		return fmt.Errorf("reach the cluster: %w", err)
	}
	s := &state{log: c.log, changed: make(chan struct{}, 1), files: c.policies}
	defer s.running.Wait()
	defer cancel()
	s.running.Go(func() { c.contact.beat(ctx, asked) })
	if c.policies == nil {
		if err := c.hasPolicies(ctx, asked); err != nil {
			return err
		}
		s.policies = s.follow(ctx, c, client, podSecurityPolicies())
	} else if err := s.watchFiles(ctx); err != nil {
		return err
	}
	for _, resource := range rbacResources() {
		s.rbac = append(s.rbac, s.follow(ctx, c, client, resource))
	}
	if !s.synced(ctx) {
		return nil
	}
	calm := debounce{c.quiet, 10 * c.quiet}
	for {
		result := s.build(ctx, b)
		if ctx.Err() != nil {
			return nil
		}
		if err := publish(result); err != nil {
			return err
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return nil
		}
		if calm.wait(ctx, s.changed) != nil {
			return nil
		}
	}
}

// hasPolicies waits until the API server says whether it serves PodSecurityPolicies.
func (c *Cluster) hasPolicies(ctx context.Context, client discovery.DiscoveryInterface) error {
	want := podSecurityPolicies()
	for {
		var list metav1.APIResourceList
		text, err := client.RESTClient().Get().AbsPath("/apis", want.Group, want.Version).DoRaw(ctx)
		if err == nil {
			err = json.Unmarshal(text, &list)
		}
		served := slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == want.Resource })
		switch {
		case ctx.Err() != nil || served:
			return nil
		case err == nil || apierrors.IsNotFound(err):
			return ErrNoPolicyAPI
		}
		c.contact.failed("discovery", err)
		if c.contact.pause(ctx) != nil {
			return nil
		}
	}
}

// follow keeps a copy of all objects of a resource.
func (s *state) follow(ctx context.Context, c *Cluster, client dynamic.Interface, resource schema.GroupVersionResource) cache.SharedIndexInformer {
	informer := dynamicinformer.NewFilteredDynamicInformer(client, resource, "", 0, cache.Indexers{}, nil).Informer()
	policy := resource == podSecurityPolicies()
	note := func() {
		if policy {
			s.policiesChanged.Store(true)
		}
		signal(s.changed)
	}
	_, handled := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { note() }, UpdateFunc: func(any, any) { note() }, DeleteFunc: func(any) { note() },
	})
	err := errors.Join(handled, informer.SetTransform(keep), informer.SetWatchErrorHandlerWithContext(
		func(_ context.Context, _ *cache.Reflector, err error) { c.contact.failed(resource.Resource, err) }))
	if err != nil { // not before it runs
		c.contact.failed(resource.Resource, err)
	}
	s.running.Go(func() { informer.RunWithContext(ctx) })
	return informer
}

// build makes a bundle of what the copies hold now.
func (s *state) build(ctx context.Context, b *Builder) Result {
	started := time.Now()
	result := Result{}
	for range restless { // what changed while it was read is read again
		if !s.policiesChanged.Swap(false) && !s.unread {
			break
		}
		s.unread = true
		result = Result{}
		s.load(ctx, &result)
		if !s.policiesChanged.Load() {
			break
		}
	}
	if s.read != nil { // a mistake in the policies does not keep bindings from counting
		input, err := s.input()
		var problems []rbac.Problem
		cluster := &translate.Cluster{Policies: s.read, Sources: s.sources}
		if err == nil {
			cluster.Grants, cluster.Provenance, problems = rbac.Compile(input)
			result.Policies = len(s.read)
			result.Bundle, err = b.Build(ctx, cluster)
		}
		result.Err = errors.Join(result.Err, err)
		result.Diagnostics = append(result.Diagnostics, told(problems)...)
	}
	result.Took = time.Since(started)
	return result
}

// told turns findings about the cluster's RBAC objects into diagnostics, which have the object for a place.
func told(problems []rbac.Problem) diagnostic.List {
	var found diagnostic.Collector
	for _, p := range problems {
		name := p.Name
		if p.Namespace != "" {
			name = p.Namespace + "/" + name
		}
		found.Add(diagnostic.Diagnostic{
			Pos: diagnostic.Position{File: p.Kind + "/" + name}, Severity: p.Severity, Code: p.Code, Field: p.Field, Message: p.Message, Hint: p.Hint,
		})
	}
	return found.List()
}
