// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"psp2rego/translate"
	"psp2rego/translate/psp"
	"psp2rego/translate/rbac"
)

// writeReport prints one line per policy: can it be used at all, who may use it, what does it fill in. Long lists of
// subjects are cut short; the grants in the bundle are complete.
func writeReport(w io.Writer, cluster *translate.Cluster) error {
	users := policyUsers(cluster.Grants)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "POLICY\tUSABLE\tUSED BY\tFILLS IN")
	for i := range cluster.Policies {
		p := &cluster.Policies[i]
		usable := "yes"
		if p.Unusable != "" {
			usable = "no: " + p.Unusable
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", cell(p.Name), cell(usable), few(users[p.Name], users["*"]), list(fillsIn(&p.PodSecurityPolicy)))
	}
	return table.Flush()
}

// policyUsers lists the subjects of each policy, sorted; "*" are those of every policy.
func policyUsers(grants rbac.Grants) map[string][]string {
	users := map[string][]string{}
	add := func(kind string, subjects map[string]*rbac.Subject) {
		for _, name := range slices.Sorted(maps.Keys(subjects)) {
			subject := kind + " " + name
			for _, policy := range subjects[name].Cluster {
				users[policy] = append(users[policy], subject)
			}
			for _, namespace := range slices.Sorted(maps.Keys(subjects[name].Namespaces)) {
				for _, policy := range subjects[name].Namespaces[namespace] {
					users[policy] = append(users[policy], subject+" in "+namespace)
				}
			}
		}
	}
	add("group", grants.Groups)
	add("user", grants.Users)
	return users
}

// few lists some of many.
func few(lists ...[]string) string {
	const shown = 3
	all := slices.Concat(lists...)
	if len(all) <= shown {
		return list(all)
	}
	return fmt.Sprintf("%s and %d more", list(all[:shown]), len(all)-shown)
}

func list(words []string) string {
	if len(words) == 0 {
		return "-"
	}
	return cell(strings.Join(words, ", "))
}

// cell keeps names from breaking the table or the terminal.
func cell(s string) string {
	quoted := fmt.Sprintf("%q", s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// fillsIn names the fields of a policy that write something to a pod that leaves it open: section by section what
// MutatePod does (pkg/security/podsecuritypolicy/provider.go, v1.24.17).
func fillsIn(p *psp.PodSecurityPolicy) []string {
	s := &p.Spec
	must := func(rule psp.Rule) bool { return rule == psp.MustRunAs }
	fields := []struct {
		name   string
		writes bool
	}{
		{"supplementalGroups", must(s.SupplementalGroups.Rule)},
		{"fsGroup", must(s.FSGroup.Rule)},
		{"seLinux", must(s.SELinux.Rule)},
		{"seccomp profile", p.Annotations[psp.SeccompDefaultProfile] != ""},
		{"runtimeClass", s.RuntimeClass != nil && s.RuntimeClass.DefaultRuntimeClassName != nil},
		{"runAsUser", must(s.RunAsUser.Rule)},
		{"runAsGroup", s.RunAsGroup != nil && must(s.RunAsGroup.Rule)},
		{"AppArmor profile", p.Annotations[psp.AppArmorDefaultProfile] != ""},
		{"runAsNonRoot", s.RunAsUser.Rule == psp.MustRunAsNonRoot},
		{"defaultAddCapabilities", len(s.DefaultAddCapabilities) > 0},
		{"requiredDropCapabilities", len(s.RequiredDropCapabilities) > 0},
		{"readOnlyRootFilesystem", s.ReadOnlyRootFilesystem},
		{"allowPrivilegeEscalation", s.DefaultAllowPrivilegeEscalation != nil ||
			s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation},
	}
	var names []string
	for _, f := range fields {
		if f.writes {
			names = append(names, f.name)
		}
	}
	return names
}
