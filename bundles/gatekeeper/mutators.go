// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"
)

// MutatorsFile holds the mutators. There is no such file where there are none.
const MutatorsFile = "mutators.yaml"

// assign is an Assign (apis/mutations/v1/assign_types.go), as far as it is written.
type assign struct {
	head `yaml:",inline"`
	Spec struct {
		ApplyTo  []appliedTo `yaml:"applyTo"`
		Match    *namespaced `yaml:"match,omitempty"`
		Location string      `yaml:"location"`
		// Parameters write a value where there is none.
		Parameters struct {
			Assign struct {
				Value any `yaml:"value"`
			} `yaml:"assign"`
			PathTests []pathTest `yaml:"pathTests"`
		} `yaml:"parameters"`
	} `yaml:"spec"`
}

type appliedTo struct {
	Groups     []string `yaml:"groups"`
	Versions   []string `yaml:"versions"`
	Kinds      []string `yaml:"kinds"`
	Operations []string `yaml:"operations"`
}

type namespaced struct {
	Only   []string `yaml:"namespaces,omitempty"`
	Except []string `yaml:"excludedNamespaces,omitempty"`
}

type pathTest struct {
	SubPath   string `yaml:"subPath"`
	Condition string `yaml:"condition"`
}

// newMutators are the mutators of all policies that have some.
func newMutators(mutations []Mutation) []any {
	var all []any
	for i := range mutations {
		m := &mutations[i]
		if !m.Emitted() {
			continue
		}
		for _, d := range m.Defaults {
			for _, a := range d.assigns {
				all = append(all, newAssign(m, a))
			}
		}
	}
	return all
}

func newAssign(m *Mutation, a assignment) assign {
	object := assign{head: head{"mutations.gatekeeper.sh/v1", "Assign", meta{
		Name:        mutatorName(a.name, m.Policy),
		Annotations: map[string]string{"description": fmt.Sprintf("A default of the PodSecurityPolicy %s.", m.Policy)},
	}}}
	s := &object.Spec
	s.ApplyTo = []appliedTo{{[]string{""}, []string{"v1"}, []string{"Pod"}, []string{"CREATE"}}}
	if len(m.Scope.Only)+len(m.Scope.Except) > 0 {
		s.Match = &namespaced{m.Scope.Only, m.Scope.Except}
	}
	s.Location = a.location
	s.Parameters.Assign.Value = a.value
	s.Parameters.PathTests = []pathTest{{a.location, "MustNotExist"}}
	return object
}

// mutatorName is psp-<default>.<policy>, which no other default and policy have, because no default has a dot. A policy whose name does not
// fit is named by its digest, behind a dash, so that its mutators have no dot.
func mutatorName(of, policy string) string {
	name := "psp-" + of + "." + policy
	if len(name) > maxName || len(validation.IsDNS1123Subdomain(name)) > 0 {
		sum := sha256.Sum256([]byte(policy))
		name = "psp-" + of + "-" + hex.EncodeToString(sum[:8])
	}
	return name
}
