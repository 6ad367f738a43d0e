// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"cmp"
	"slices"
	"strconv"
)

// unions joins lists of policies. Subjects with the same roles share one list: clusters have many subjects and few roles.
type unions struct {
	names map[string][]string // by the roles joined
	ids   map[*role]int
}

// subjects turns grants into what each subject may use.
func (u *unions) subjects(sources map[string][]source) map[string]*Subject {
	subjects := make(map[string]*Subject, len(sources))
	for name, list := range sources {
		subjects[name] = u.subject(list)
	}
	return subjects
}

// subject joins the grants of one subject, which are ordered by namespace. A namespace that adds nothing to what holds
// everywhere is left out.
func (u *unions) subject(list []source) *Subject {
	s := &Subject{}
	covered := map[*string]bool{}
	for start, end := 0, 0; start < len(list); start = end {
		for end < len(list) && list[end].Namespace == list[start].Namespace {
			end++
		}
		names := u.join(list[start:end])
		if list[start].Namespace == "" {
			s.Cluster = names
			continue
		}
		known, ok := covered[&names[0]]
		if !ok {
			known = contains(s.Cluster, names)
			covered[&names[0]] = known
		}
		if known {
			continue
		}
		if s.Namespaces == nil {
			s.Namespaces = map[string][]string{}
		}
		s.Namespaces[list[start].Namespace] = names
	}
	return s
}

// join is the union of the grants' policies.
func (u *unions) join(list []source) []string {
	roles := make([]*role, 0, len(list))
	for _, g := range list {
		if g.Policies[0] == AllPolicies {
			return g.Policies
		}
		roles = append(roles, g.role)
	}
	if len(roles) == 1 {
		return roles[0].policies
	}
	slices.SortFunc(roles, func(a, b *role) int { return cmp.Compare(u.id(a), u.id(b)) })
	roles = slices.Compact(roles)
	if len(roles) == 1 {
		return roles[0].policies
	}
	var key []byte
	for _, r := range roles {
		key = strconv.AppendInt(append(key, ' '), int64(u.id(r)), 36)
	}
	if names, ok := u.names[string(key)]; ok {
		return names
	}
	var names []string
	for _, r := range roles {
		names = append(names, r.policies...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	u.names[string(key)] = names
	return names
}

// id numbers roles in the order in which they are met. The numbers never leave this file.
func (u *unions) id(r *role) int {
	if u.ids == nil {
		u.ids = map[*role]int{}
	}
	id, ok := u.ids[r]
	if !ok {
		id = len(u.ids)
		u.ids[r] = id
	}
	return id
}

// contains reports whether all names are among the policies, both sorted.
func contains(policies, names []string) bool {
	if slices.Equal(policies, []string{AllPolicies}) {
		return true
	}
	i := 0
	for _, name := range names {
		for i < len(policies) && policies[i] < name {
			i++
		}
		if i == len(policies) || policies[i] != name {
			return false
		}
	}
	return true
}

// strip is the grants without the roles behind them.
func strip(sources map[string][]source) map[string][]Grant {
	grants := make(map[string][]Grant, len(sources))
	for name, list := range sources {
		out := make([]Grant, len(list))
		for i, s := range list {
			out[i] = s.Grant
		}
		grants[name] = out
	}
	return grants
}
