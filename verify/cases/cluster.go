// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Dialects of RBAC: what makes a requester a member of a group.
const (
	// Kubernetes takes groups from the request and nowhere else.
	Kubernetes = "kubernetes"
	// MKE adds, for whoever carries system:authenticated, a group of that name and the namespace.
	MKE = "mke"
)

// Cluster is what decides requests, and what the generators know about it.
type Cluster struct {
	// Index names a generated cluster together with the seed; zero for a given one.
	Index    int
	Dialect  string
	Objects  []json.RawMessage
	Policies []*Policy
	// Namespaces are those that requests are for, unless a grant calls for another one; nil is some of each kind.
	Namespaces []string

	grants []grant
	checks []check
	// only restricts requesters to synthetic ones; see Synthetic.
	only bool
	// decisive is what Decisions are made of.
	decisive  []occasion
	generated bool // and not given, nor Synthetic
}

// NewCluster is a given cluster. Objects other than policies, roles and bindings are kept and not
// looked at.
func NewCluster(dialect string, objects []json.RawMessage) (*Cluster, error) {
	c := &Cluster{Dialect: dialect, Objects: objects, checks: checks()}
	rbac := rbacView{}
	for i, data := range objects {
		head := struct{ Kind string }{}
		if err := json.Unmarshal(data, &head); err != nil {
			return nil, fmt.Errorf("object %d: %w", i, err)
		}
		var err error
		if head.Kind == "PodSecurityPolicy" {
			var p *Policy
			p, err = readPolicy(data)
			c.Policies = append(c.Policies, p)
		} else {
			err = rbac.read(head.Kind, data)
		}
		if err != nil {
			return nil, fmt.Errorf("object %d, %s: %w", i, head.Kind, err)
		}
	}
	c.grants = rbac.grants(c.Policies)
	c.decisive = c.occasions()
	return c, nil
}

// Generate makes a cluster of its own accord.
func Generate(settings Settings, seed uint64, index int) *Cluster {
	g := newGen(settings, seed, uint64(index), 0)
	dialect := Kubernetes
	if g.chance(settings.MKE) {
		dialect = MKE
	}
	policies := g.policies()
	var objects []json.RawMessage
	for _, p := range policies {
		objects = append(objects, g.written(p))
	}
	for _, o := range g.rbac(policies, dialect) {
		objects = append(objects, raw(o))
	}
	g.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	c, err := NewCluster(dialect, objects)
	if err != nil {
		panic(err) // the objects are this package's own
	}
	c.Index, c.generated = index, true
	return c
}

// SyntheticPrefix starts the names of the users of a Synthetic cluster.
const SyntheticPrefix = "psp2rego:"

// Synthetic is the cluster with one more user per policy, called SyntheticPrefix + the policy's
// name, who may use that policy everywhere. Its cases come from these users only, so that policies
// without any binding are put to the test too.
func (c *Cluster) Synthetic() *Cluster {
	s := *c
	s.Objects = append([]json.RawMessage(nil), c.Objects...)
	s.grants = nil
	s.only, s.generated = true, false
	for _, p := range c.Policies {
		name := SyntheticPrefix + p.Name()
		s.Objects = append(s.Objects, raw(Object{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": Object{"name": name},
			"rules": []any{Object{
				"apiGroups": []string{"policy"}, "resources": []string{"podsecuritypolicies"},
				"verbs": []string{"use"}, "resourceNames": []string{p.Name()},
			}},
		}), raw(Object{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": Object{"name": name},
			"roleRef":  Object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
			"subjects": []any{Object{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}},
		}))
		s.grants = append(s.grants, grant{policy: p.Name(), kind: "User", name: name})
	}
	s.decisive = s.occasions()
	return &s
}

// granted are the policies that somebody may use, as it seems.
func (c *Cluster) granted() []*Policy {
	return slices.DeleteFunc(slices.Clone(c.Policies), func(p *Policy) bool {
		return !slices.ContainsFunc(c.grants, func(g grant) bool { return g.policy == p.Name() })
	})
}
