// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"psp2rego/translate"
	"psp2rego/translate/rbac"
)

// Scope is a set of namespaces. The zero value is none.
type Scope struct {
	// Everywhere says that the scope is every namespace but those in Except.
	Everywhere bool
	// Except and Only are sorted; at most one of them is not empty.
	Except, Only []string
}

// maxNamespaces bounds how many namespaces a mutator lists: Gatekeeper compares each request with all of them, for each mutator, and five
// thousand names take a quarter of what etcd stores as one object.
const maxNamespaces = 5000

// granted says which policies that can be used anybody may use: in every namespace, and in single ones besides. The strings are a subject
// that may, for people.
type granted struct {
	everywhere map[string]string
	in         map[string]map[string]string
}

// grantedIn reads a cluster's grants. Who carries which groups is not known, so that whoever is granted a policy may create pods anywhere.
func grantedIn(cluster *translate.Cluster, live bool) *granted {
	var usable []string
	for i := range cluster.Policies {
		if cluster.Policies[i].Unusable == "" {
			usable = append(usable, cluster.Policies[i].Name)
		}
	}
	g := &granted{everywhere: map[string]string{}, in: map[string]map[string]string{}}
	if live {
		note(g.everywhere, usable, []string{rbac.AllPolicies}, "whoever RBAC comes to grant it to")
	}
	for _, kind := range []struct {
		name     string
		subjects map[string]*rbac.Subject
	}{{"group ", cluster.Grants.Groups}, {"user ", cluster.Grants.Users}} {
		for _, subject := range slices.Sorted(maps.Keys(kind.subjects)) {
			note(g.everywhere, usable, kind.subjects[subject].Cluster, kind.name+subject)
			for namespace, policies := range kind.subjects[subject].Namespaces {
				if len(validation.IsDNS1123Label(namespace)) > 0 { // no pod can be in a namespace of such a name
					continue
				}
				if g.in[namespace] == nil {
					g.in[namespace] = map[string]string{}
				}
				note(g.in[namespace], usable, policies, kind.name+subject)
			}
		}
	}
	return g
}

// note adds policies that can be used, each with the first subject that may.
func note(to map[string]string, usable, policies []string, subject string) {
	if slices.Contains(policies, rbac.AllPolicies) {
		policies = usable
	}
	for _, p := range policies {
		if _, ok := to[p]; !ok && slices.Contains(usable, p) {
			to[p] = subject
		}
	}
}

// reach is where a policy is the only one that anybody may use, and why that is not everywhere; unused is one that nobody may use, and unfilled are, if
// there is a scope, the namespaces outside it where somebody may.
type reach struct {
	scope    Scope
	why      string
	unfilled []string
	unused   bool
}

// reach is that of a policy. Pods of those who may use none are refused, so that it does not matter what becomes of them before. Where another policy may
// be used, which one changes a pod depends on requester and pod.
func (g *granted) reach(policy string) reach {
	_, everywhere := g.everywhere[policy]
	alone, shared := g.namespaces(policy)
	if !everywhere && len(alone)+len(shared) == 0 {
		return reach{why: "nobody may use it", unused: true}
	}
	if others := besides(policy, g.everywhere); len(others) > 0 {
		return reach{why: fmt.Sprintf("it is not the only one that may be used, in any namespace: %s may be, too", some(others))}
	}
	switch {
	case everywhere && len(shared) > maxNamespaces, !everywhere && len(alone) > maxNamespaces:
		return reach{why: fmt.Sprintf("Gatekeeper would compare every pod with more than %d namespaces", maxNamespaces)}
	case everywhere && len(shared) == 0:
		return reach{scope: Scope{Everywhere: true}}
	case everywhere:
		return reach{scope: Scope{Everywhere: true, Except: shared}, why: "other policies may be used in " + g.sharing(policy, shared), unfilled: shared}
	case len(alone) == 0:
		return reach{why: "other policies may be used wherever it may be: in " + g.sharing(policy, shared)}
	case len(shared) == 0:
		return reach{scope: Scope{Only: alone}, why: "it is granted nowhere else"}
	}
	return reach{scope: Scope{Only: alone}, why: "other policies may be used in " + g.sharing(policy, shared), unfilled: shared}
}

// namespaces are those that grants are in and in which a policy may be used, sorted: where no other policy is granted, and where one is.
func (g *granted) namespaces(policy string) (alone, shared []string) {
	_, everywhere := g.everywhere[policy]
	for namespace, policies := range g.in {
		_, here := policies[policy]
		switch {
		case !everywhere && !here:
		case len(policies) > 1, len(policies) == 1 && !here:
			shared = append(shared, namespace)
		default:
			alone = append(alone, namespace)
		}
	}
	slices.Sort(alone)
	slices.Sort(shared)
	return alone, shared
}

// besides are the other policies, each with a subject.
func besides(policy string, all map[string]string) []string {
	var others []string
	for _, p := range slices.Sorted(maps.Keys(all)) {
		if p != policy {
			others = append(others, fmt.Sprintf("%s (by %s)", p, all[p]))
		}
	}
	return others
}

// sharing lists namespaces, each with another policy.
func (g *granted) sharing(policy string, namespaces []string) string {
	var all []string
	for _, n := range namespaces {
		all = append(all, n+": "+besides(policy, g.in[n])[0])
	}
	return some(all)
}
