// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkCompile is 100 000 bindings and 1 000 policies: in "names" every role names all policies and every account has two
// roles, in "groups" all bindings are of a few groups in many namespaces.
func BenchmarkCompile(b *testing.B) {
	const policies, bindings = 1000, 100_000
	var names []string
	for i := range policies {
		names = append(names, fmt.Sprintf("policy-%d", i))
	}
	for name, subjects := range map[string]func(i int) string{
		"names":  func(i int) string { return fmt.Sprintf("ServiceAccount sa-%d tenant-%d", i/2, i/20) },
		"groups": func(i int) string { return fmt.Sprintf("Group group-%d", i%7) },
	} {
		c := cluster{clusterRoles: map[string]string{}, bindings: map[string]string{}}
		for i := range 1000 {
			c.clusterRoles[fmt.Sprintf("role-%d", i)] = "use policy podsecuritypolicies " + strings.Join(names[:1+i%policies], ",")
		}
		for i := range bindings {
			c.bindings[fmt.Sprintf("tenant-%d/binding-%d", i/20, i)] = fmt.Sprintf("ClusterRole role-%d: %s", i%1000, subjects(i))
		}
		in := c.input(names...)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if grants, _, _ := Compile(in); len(grants.Users)+len(grants.Groups) == 0 {
					b.Fatal("nothing granted")
				}
			}
		})
	}
}
