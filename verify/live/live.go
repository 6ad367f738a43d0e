// SPDX-License-Identifier: Apache-2.0

// Package live asks a live API server what becomes of a pod that somebody creates. It asks by dry runs, as the user in question, and lets
// no request out that would leave anything behind, but for namespaces of its own if it is told to make some.
package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
)

// DefaultRate is how many requests a second an API server is asked unless it is told otherwise: few, beside what it serves anyhow.
const DefaultRate = 25

// requestTimeout bounds one request. An API server gives up on its webhooks after 30 s.
const requestTimeout = time.Minute

// Options say which API server is asked, and how.
type Options struct {
	// Config leads to it.
	Config *rest.Config
	// Rate is the most requests per second; zero is DefaultRate.
	Rate float64
	// CreateNamespaces lets namespaces and service accounts be made for cases that need them. Close removes them.
	CreateNamespaces bool
}

// Server is a live API server. It may be used concurrently.
type Server struct {
	// Host is its address, and Version that of its Kubernetes, as in v1.24.17.
	Host, Version string
	// Minor is the version's second part.
	Minor int
	// Native says that it serves PodSecurityPolicies: it is one to compare with, and not one to judge.
	Native bool

	config  *rest.Config
	base    *url.URL
	client  *http.Client
	limit   flowcontrol.RateLimiter
	creates bool

	mu         sync.Mutex
	namespaces map[string]bool    // those that exist and are not on their way out
	accounts   map[[2]string]bool // namespace and name
	made       map[string]string  // by this program: name and uid
	// never is why a service account, or with an empty second name a namespace, cannot be made.
	never  map[[2]string]string
	exempt map[string]bool
}

// Open reaches the API server, and makes sure that everything that will be asked of it may be asked.
func Open(ctx context.Context, o Options) (*Server, error) {
	rate := o.Rate
	if rate == 0 {
		rate = DefaultRate
	}
	s := &Server{
		config: rest.CopyConfig(o.Config), creates: o.CreateNamespaces, made: map[string]string{},
		never: map[[2]string]string{}, exempt: map[string]bool{},
		limit: flowcontrol.NewTokenBucketRateLimiter(float32(rate), max(1, int(rate))),
	}
	s.config.UserAgent = "psp2rego"
	s.config.Wrap(func(next http.RoundTripper) http.RoundTripper { return guard{s, next} })
	var err error
	if s.base, _, err = rest.DefaultServerUrlFor(s.config); err != nil {
		return nil, fmt.Errorf("API server %s: %w", s.config.Host, err)
	}
	s.Host = s.base.String()
	if s.client, err = rest.HTTPClientFor(s.config); err != nil {
		return nil, fmt.Errorf("API server %s: %w", s.Host, err)
	}
	s.client.Timeout = requestTimeout
	for _, step := range []func(context.Context) error{s.askVersion, s.askPermission, s.askPolicies, s.askPlaces} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// String says who it is.
func (s *Server) String() string { return fmt.Sprintf("%s at %s", s.Version, s.Host) }

var minorVersion = regexp.MustCompile(`^v1\.([0-9]+)\.`)

func (s *Server) askVersion(ctx context.Context) error {
	var version struct{ GitVersion string }
	if err := s.get(ctx, "/version", nil, &version); err != nil {
		return err
	}
	found := minorVersion.FindStringSubmatch(version.GitVersion)
	if found == nil {
		return fmt.Errorf("API server %s: its version is %q, which is none of Kubernetes", s.Host, version.GitVersion)
	}
	s.Version = version.GitVersion
	var err error
	s.Minor, err = strconv.Atoi(found[1])
	return err
}

// askPermission finds out, before anything else is tried, whether the user may act as others.
func (s *Server) askPermission(ctx context.Context) error {
	for _, resource := range []string{"users", "groups", "serviceaccounts"} {
		allowed, err := s.may(ctx, nil, map[string]string{"verb": "impersonate", "resource": resource})
		if err != nil {
			return err
		}
		if !allowed {
			return fmt.Errorf("API server %s: you may not impersonate %s, and pods have to be created in other names than yours: "+
				"use a context of a cluster administrator, or have a ClusterRole bound that allows the verb impersonate on users, groups and serviceaccounts",
				s.Host, resource)
		}
	}
	return nil
}

// may says whether somebody, by default the user of the configuration, is allowed what the attributes say.
func (s *Server) may(ctx context.Context, as *requester, attributes map[string]string) (bool, error) {
	var review struct{ Status struct{ Allowed bool } }
	body := map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": attributes},
	}
	r, err := s.call(ctx, as, http.MethodPost, accessReviews, nil, body)
	if err == nil {
		err = s.into(r, &review)
	}
	return review.Status.Allowed, err
}

// askPolicies finds out whether the server serves PodSecurityPolicies.
func (s *Server) askPolicies(ctx context.Context) error {
	var list struct{ Resources []struct{ Name string } }
	r, err := s.call(ctx, nil, http.MethodGet, "/apis/policy/v1beta1", nil, nil)
	if err != nil {
		return err
	}
	if r.code == http.StatusNotFound {
		return nil
	}
	if err := s.into(r, &list); err != nil {
		return err
	}
	for _, resource := range list.Resources {
		s.Native = s.Native || resource.Name == "podsecuritypolicies"
	}
	return nil
}

// get reads a document.
func (s *Server) get(ctx context.Context, path string, query url.Values, document any) error {
	r, err := s.call(ctx, nil, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	return s.into(r, document)
}

// into reads the document of an answer that has to be one.
func (s *Server) into(r *reply, document any) error {
	if r.code >= http.StatusMultipleChoices {
		return s.fault(r)
	}
	if err := json.Unmarshal(r.body, document); err != nil {
		return fmt.Errorf("API server %s: %s: %w", s.Host, r.path, err)
	}
	return nil
}

// Close removes what was made. What could not be removed is named in the error.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []error
	for name, uid := range s.made {
		if err := s.remove(ctx, name, uid); err != nil {
			all = append(all, fmt.Errorf("namespace %s, which was made for this run, is still there: %w", name, err))
			continue
		}
		delete(s.made, name)
		delete(s.namespaces, name)
	}
	return errors.Join(all...)
}
