// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"encoding/json"
	"slices"
)

// grant is what the generators take a binding for: one subject that may, as it seems, use a policy.
// It guides the choice of requesters and decides nothing.
type grant struct {
	policy    string
	kind      string // User, Group or ServiceAccount
	name      string
	subjectNS string // of a ServiceAccount
	namespace string // where the grant holds; empty is everywhere
}

type rule struct {
	Verbs         []string `json:"verbs"`
	APIGroups     []string `json:"apiGroups"`
	Resources     []string `json:"resources"`
	ResourceNames []string `json:"resourceNames"`
}

type role struct {
	Kind     string   `json:"kind"`
	Metadata Metadata `json:"metadata"`
	Rules    []rule   `json:"rules"`
}

type binding struct {
	Kind     string   `json:"kind"`
	Metadata Metadata `json:"metadata"`
	RoleRef  struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	} `json:"roleRef"`
	Subjects []struct {
		Kind      string `json:"kind"`
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"subjects"`
}

type rbacView struct {
	roles    []role
	bindings []binding
}

func (v *rbacView) read(kind string, data json.RawMessage) error {
	switch kind {
	case "ClusterRole", "Role":
		r := role{}
		if err := json.Unmarshal(data, &r); err != nil {
			return err
		}
		v.roles = append(v.roles, r)
	case "ClusterRoleBinding", "RoleBinding":
		b := binding{}
		if err := json.Unmarshal(data, &b); err != nil {
			return err
		}
		v.bindings = append(v.bindings, b)
	}
	return nil
}

// maxGrants bounds what is remembered of a large cluster; its size has no bearing on the verdicts.
const maxGrants = 4096

func (v *rbacView) grants(policies []*Policy) []grant {
	roles := map[[3]string]role{}
	for _, r := range v.roles {
		ns := r.Metadata.Namespace
		if r.Kind == "ClusterRole" {
			ns = ""
		}
		roles[[3]string{r.Kind, ns, r.Metadata.Name}] = r
	}
	var all []grant
	for _, b := range v.bindings {
		ns := ""
		if b.Kind == "RoleBinding" {
			ns = b.Metadata.Namespace
		}
		roleNS := ""
		if b.RoleRef.Kind == "Role" {
			roleNS = ns
		}
		r, ok := roles[[3]string{b.RoleRef.Kind, roleNS, b.RoleRef.Name}]
		if !ok {
			continue
		}
		for _, p := range policies {
			if !slices.ContainsFunc(r.Rules, func(r rule) bool { return r.uses(p.Name()) }) {
				continue
			}
			for _, s := range b.Subjects {
				if !slices.Contains([]string{"User", "Group", "ServiceAccount"}, s.Kind) || s.Name == "" {
					continue
				}
				subjectNS := s.Namespace
				if subjectNS == "" {
					subjectNS = ns
				}
				all = append(all, grant{p.Name(), s.Kind, s.Name, subjectNS, ns})
			}
			if len(all) > maxGrants {
				return all
			}
		}
	}
	return all
}

// uses says whether the rule covers the verb use on the policy (section C7: pkg/apis/rbac/v1/
// evaluation_helpers.go, v1.24.17).
func (r rule) uses(policy string) bool {
	has := func(list []string, values ...string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return slices.Contains(list, v) })
	}
	return has(r.Verbs, "*", "use") && has(r.APIGroups, "*", "policy", "extensions") &&
		has(r.Resources, "*", "podsecuritypolicies") &&
		(len(r.ResourceNames) == 0 || has(r.ResourceNames, policy))
}
