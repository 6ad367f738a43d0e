// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// cluster writes RBAC objects in few words. Rules are "verbs groups resources [names]" with commas inside; a missing list is
// "-" and the core group "core". Subjects are "kind name [namespace]". A name with a slash has a namespace.
type cluster struct {
	clusterRoles, roles       map[string]string // rules, separated by semicolons
	clusterBindings, bindings map[string]string // "kind role: subject; subject"
	labels, aggregate         map[string]string // labels of and selectors for ClusterRoles: "k=v,k=v"
}

func list(text string) []string {
	switch text {
	case "-":
		return nil
	case "core":
		return []string{""}
	}
	return strings.Split(text, ",")
}

func rules(text string) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for r := range strings.SplitSeq(text, ";") {
		f := strings.Fields(r)
		if len(f) == 0 {
			continue
		}
		rule := rbacv1.PolicyRule{Verbs: list(f[0]), APIGroups: list(f[1]), Resources: list(f[2])}
		if len(f) > 3 {
			rule.ResourceNames = list(f[3])
		}
		rules = append(rules, rule)
	}
	return rules
}

func meta(key string) metav1.ObjectMeta {
	if ns, name, ok := strings.Cut(key, "/"); ok {
		return metav1.ObjectMeta{Namespace: ns, Name: name}
	}
	return metav1.ObjectMeta{Name: key}
}

func pairs(text string) map[string]string {
	m := map[string]string{}
	for p := range strings.SplitSeq(text, ",") {
		k, v, _ := strings.Cut(p, "=")
		m[k] = v
	}
	return m
}

func refAndSubjects(text string) (rbacv1.RoleRef, []rbacv1.Subject) {
	role, who, _ := strings.Cut(text, ":")
	kind, name, _ := strings.Cut(role, " ")
	var subjects []rbacv1.Subject
	for s := range strings.SplitSeq(who, ";") {
		f := append(strings.Fields(s), "", "", "")
		if f[0] != "" {
			subjects = append(subjects, rbacv1.Subject{Kind: f[0], Name: f[1], Namespace: f[2]})
		}
	}
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}, subjects
}

func (c cluster) input(policies ...string) Input {
	in := Input{Policies: policies}
	for name, text := range c.clusterRoles {
		r := &rbacv1.ClusterRole{ObjectMeta: meta(name), Rules: rules(text)}
		if l, ok := c.labels[name]; ok {
			r.Labels = pairs(l)
		}
		if a, ok := c.aggregate[name]; ok {
			r.AggregationRule = &rbacv1.AggregationRule{}
			for s := range strings.SplitSeq(a, ";") {
				r.AggregationRule.ClusterRoleSelectors = append(r.AggregationRule.ClusterRoleSelectors, metav1.LabelSelector{MatchLabels: pairs(s)})
			}
		}
		in.ClusterRoles = append(in.ClusterRoles, r)
	}
	for name, text := range c.roles {
		in.Roles = append(in.Roles, &rbacv1.Role{ObjectMeta: meta(name), Rules: rules(text)})
	}
	for name, text := range c.clusterBindings {
		ref, subjects := refAndSubjects(text)
		in.ClusterRoleBindings = append(in.ClusterRoleBindings, &rbacv1.ClusterRoleBinding{ObjectMeta: meta(name), RoleRef: ref, Subjects: subjects})
	}
	for name, text := range c.bindings {
		ref, subjects := refAndSubjects(text)
		in.RoleBindings = append(in.RoleBindings, &rbacv1.RoleBinding{ObjectMeta: meta(name), RoleRef: ref, Subjects: subjects})
	}
	return in
}

// grantsOf is the compiled grants as compact JSON: users, then groups.
func grantsOf(t *testing.T, in Input) string {
	t.Helper()
	grants, _, _ := Compile(in)
	users, err := json.Marshal(grants.Users)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := json.Marshal(grants.Groups)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s", users, groups)
}

// One ClusterRole bound to one user, cluster-wide: which rules let the user use which of the policies a and b.
func TestRulesMatchLikeTheAuthorizers(t *testing.T) {
	const all, a, ab = `{"cluster":["*"]}`, `{"cluster":["a"]}`, `{"cluster":["a","b"]}`
	for rule, want := range map[string]string{
		"use policy podsecuritypolicies":                       all,
		"use extensions podsecuritypolicies":                   all,
		"* * *":                                                all,
		"get,use apps,policy pods,podsecuritypolicies":         all,
		"use policy podsecuritypolicies a":                     a,
		"* * * a":                                              a,
		"use policy podsecuritypolicies b,a,a":                 ab,
		"use policy podsecuritypolicies a; use extensions * b": ab,
		"use policy podsecuritypolicies a; use policy podsecuritypolicies":  all,
		"use policy podsecuritypolicies -":                                  all,
		"use policy podsecuritypolicies c":                                  "", // not in the input
		"use policy podsecuritypolicies *":                                  "", // a literal, no wildcard
		"use policy podsecuritypolicies *,a":                                a,
		"use policy podsecuritypolicies A":                                  "",
		"Use policy podsecuritypolicies":                                    "",
		"get,list,watch policy podsecuritypolicies":                         "",
		"use Policy podsecuritypolicies":                                    "",
		"use policy PodSecurityPolicies":                                    "",
		"use core podsecuritypolicies":                                      "",
		"use policy/v1beta1 podsecuritypolicies":                            "",
		"use policy podsecuritypolicies/use":                                "",
		"use policy podsecuritypolicies/*":                                  "",
		"use policy */use":                                                  "",
		"use policy */*":                                                    "",
		"use policy podsecuritypolicy":                                      "",
		"use policy -":                                                      "",
		"use - podsecuritypolicies":                                         "",
		"- policy podsecuritypolicies":                                      "",
		"use apps podsecuritypolicies; get policy podsecuritypolicies":      "", // no rule matches as a whole
		"use policy pods; use policy podsecuritypolicies b; use apps * a,b": `{"cluster":["b"]}`,
	} {
		t.Run(rule, func(t *testing.T) {
			c := cluster{clusterRoles: map[string]string{"r": rule}, clusterBindings: map[string]string{"b": "ClusterRole r: User jeff"}}
			if want != "" {
				want = `"jeff":` + want
			}
			if diff := cmp.Diff("{"+want+"} {}", grantsOf(t, c.input("a", "b"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const (
	useA   = "use policy podsecuritypolicies a"
	useB   = "use policy podsecuritypolicies b"
	useAny = "use policy podsecuritypolicies"
)

func TestBindingsReachTheirSubjects(t *testing.T) {
	for name, tc := range map[string]struct {
		cluster
		want string
	}{
		"group": {cluster{clusterRoles: map[string]string{"r": useA}, clusterBindings: map[string]string{"b": "ClusterRole r: Group system:authenticated"}},
			`{} {"system:authenticated":{"cluster":["a"]}}`},
		"service account": {cluster{clusterRoles: map[string]string{"r": useA}, clusterBindings: map[string]string{"b": "ClusterRole r: ServiceAccount sa ns"}},
			`{"system:serviceaccount:ns:sa":{"cluster":["a"]}} {}`},
		"service account spelled as user joins the account": {cluster{
			clusterRoles:    map[string]string{"r": useA, "s": useB},
			clusterBindings: map[string]string{"b": "ClusterRole r: ServiceAccount sa ns", "c": "ClusterRole s: User system:serviceaccount:ns:sa"}},
			`{"system:serviceaccount:ns:sa":{"cluster":["a","b"]}} {}`},
		"service account without namespace, cluster-wide": {cluster{clusterRoles: map[string]string{"r": useA}, clusterBindings: map[string]string{"b": "ClusterRole r: ServiceAccount sa"}},
			`{} {}`},
		"service account without namespace, in a namespace": {cluster{clusterRoles: map[string]string{"r": useA}, bindings: map[string]string{"ns/b": "ClusterRole r: ServiceAccount sa"}},
			`{"system:serviceaccount:ns:sa":{"namespaces":{"ns":["a"]}}} {}`},
		"service account of another namespace": {cluster{clusterRoles: map[string]string{"r": useA}, bindings: map[string]string{"ns/b": "ClusterRole r: ServiceAccount sa other"}},
			`{"system:serviceaccount:other:sa":{"namespaces":{"ns":["a"]}}} {}`},
		"kinds in another case": {cluster{clusterRoles: map[string]string{"r": useA}, clusterBindings: map[string]string{"b": "ClusterRole r: user jeff; group g; serviceaccount sa ns; Users x"}},
			`{} {}`},
		"same name as user and group": {cluster{clusterRoles: map[string]string{"r": useA}, clusterBindings: map[string]string{"b": "ClusterRole r: User x; Group x; User x"}},
			`{"x":{"cluster":["a"]}} {"x":{"cluster":["a"]}}`},
		"role in its namespace": {cluster{roles: map[string]string{"ns/r": useA, "other/r": useB}, bindings: map[string]string{"ns/b": "Role r: User jeff"}},
			`{"jeff":{"namespaces":{"ns":["a"]}}} {}`},
		"role of another namespace": {cluster{roles: map[string]string{"other/r": useA}, bindings: map[string]string{"ns/b": "Role r: User jeff"}},
			`{} {}`},
		"cluster role in a namespace": {cluster{clusterRoles: map[string]string{"r": useA}, bindings: map[string]string{"ns/b": "ClusterRole r: User jeff"}},
			`{"jeff":{"namespaces":{"ns":["a"]}}} {}`},
		"cluster-wide binding to a role": {cluster{roles: map[string]string{"ns/r": useA, "r": useA}, clusterBindings: map[string]string{"b": "Role r: User jeff"}},
			`{} {}`},
		"role and cluster role of one name": {cluster{roles: map[string]string{"ns/r": useA}, clusterRoles: map[string]string{"r": useB}, bindings: map[string]string{"ns/b": "Role r: User jeff"}},
			`{"jeff":{"namespaces":{"ns":["a"]}}} {}`},
		"unknown kind of role": {cluster{clusterRoles: map[string]string{"r": useA}, clusterBindings: map[string]string{"b": "clusterRole r: User jeff"}},
			`{} {}`},
		"missing role does not disturb": {cluster{clusterRoles: map[string]string{"r": useA}, clusterBindings: map[string]string{"a": "ClusterRole x: User jeff", "b": "ClusterRole r: User jeff"}},
			`{"jeff":{"cluster":["a"]}} {}`},
		"binding without namespace": {cluster{clusterRoles: map[string]string{"r": useA}, bindings: map[string]string{"b": "ClusterRole r: User jeff"}},
			`{} {}`},
		"namespace adds nothing to the cluster": {cluster{
			clusterRoles:    map[string]string{"r": useA, "s": useB, "t": useAny},
			clusterBindings: map[string]string{"b": "ClusterRole r: User jeff; User mia", "c": "ClusterRole t: User mia"},
			bindings:        map[string]string{"n/b": "ClusterRole r: User jeff; User mia", "o/c": "ClusterRole s: User jeff", "p/c": "ClusterRole t: User jeff"}},
			`{"jeff":{"cluster":["a"],"namespaces":{"o":["b"],"p":["*"]}},"mia":{"cluster":["*"]}} {}`},
		"cluster-admin in a namespace": {cluster{clusterRoles: map[string]string{"cluster-admin": "* * *"}, bindings: map[string]string{"ns/b": "ClusterRole cluster-admin: User jeff"}},
			`{"jeff":{"namespaces":{"ns":["*"]}}} {}`},
		"nobody": {cluster{}, `{} {}`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, grantsOf(t, tc.input("b", "a"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAggregatedRolesGetTheRulesOfOthers(t *testing.T) {
	for name, tc := range map[string]struct {
		cluster
		want string
	}{
		"by label": {cluster{
			clusterRoles: map[string]string{"agg": "", "x": useA, "y": useB},
			labels:       map[string]string{"x": "k=v,l=w", "y": "k=w"}, aggregate: map[string]string{"agg": "k=v"}},
			`["a"]`},
		"several selectors": {cluster{
			clusterRoles: map[string]string{"agg": "", "x": useA, "y": useB},
			labels:       map[string]string{"x": "k=v", "y": "k=w"}, aggregate: map[string]string{"agg": "k=v;k=w"}},
			`["a","b"]`},
		"all labels of a selector": {cluster{
			clusterRoles: map[string]string{"agg": "", "x": useA, "y": useB},
			labels:       map[string]string{"x": "k=v", "y": "k=v,l=w"}, aggregate: map[string]string{"agg": "k=v,l=w"}},
			`["b"]`},
		"chain against the order of names": {cluster{
			clusterRoles: map[string]string{"agg": "", "b": "", "c": "", "d": useA},
			labels:       map[string]string{"b": "to=agg", "c": "to=b", "d": "to=c"},
			aggregate:    map[string]string{"agg": "to=agg", "b": "to=b", "c": "to=c"}},
			`["a"]`},
		"circle": {cluster{
			clusterRoles: map[string]string{"agg": "", "b": "", "c": useA},
			labels:       map[string]string{"agg": "k=v", "b": "k=v", "c": "k=v"},
			aggregate:    map[string]string{"agg": "k=v", "b": "k=v"}},
			`["a"]`},
		"only itself": {cluster{
			clusterRoles: map[string]string{"agg": ""}, labels: map[string]string{"agg": "k=v"}, aggregate: map[string]string{"agg": "k=v"}},
			``},
		"stored rules stay": {cluster{
			clusterRoles: map[string]string{"agg": useB, "x": useA},
			labels:       map[string]string{"x": "k=v"}, aggregate: map[string]string{"agg": "k=v"}},
			`["b"]`},
		"stored rules of a part count": {cluster{
			clusterRoles: map[string]string{"agg": "", "part": useB, "x": useA},
			labels:       map[string]string{"x": "k=v", "part": "l=w"}, aggregate: map[string]string{"agg": "l=w", "part": "k=v"}},
			`["b"]`},
	} {
		t.Run(name, func(t *testing.T) {
			tc.clusterBindings = map[string]string{"b": "ClusterRole agg: User jeff"}
			want := "{} {}"
			if tc.want != "" {
				want = `{"jeff":{"cluster":` + tc.want + `}} {}`
			}
			if diff := cmp.Diff(want, grantsOf(t, tc.input("a", "b"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProvenanceNamesEveryBindingThatContributes(t *testing.T) {
	c := cluster{
		clusterRoles:    map[string]string{"a": useA, "any": useAny, "none": "get core pods"},
		roles:           map[string]string{"ns/b": useB},
		clusterBindings: map[string]string{"z": "ClusterRole a: User jeff; User jeff", "y": "ClusterRole any: Group g; User jeff", "x": "ClusterRole none: User jeff"},
		bindings:        map[string]string{"ns/b": "Role b: User jeff", "ns/a": "ClusterRole a: User jeff", "m/z": "ClusterRole a: User jeff"},
	}
	_, got, _ := Compile(c.input("a", "b"))
	want := Provenance{
		Users: map[string][]Grant{"jeff": {
			{Policies: []string{"*"}, Binding: "ClusterRoleBinding/y", Role: "ClusterRole/any"},
			{Policies: []string{"a"}, Binding: "ClusterRoleBinding/z", Role: "ClusterRole/a"},
			{Policies: []string{"a"}, Binding: "RoleBinding/m/z", Role: "ClusterRole/a", Namespace: "m"},
			{Policies: []string{"a"}, Binding: "RoleBinding/ns/a", Role: "ClusterRole/a", Namespace: "ns"},
			{Policies: []string{"b"}, Binding: "RoleBinding/ns/b", Role: "Role/ns/b", Namespace: "ns"},
		}},
		Groups: map[string][]Grant{"g": {{Policies: []string{"*"}, Binding: "ClusterRoleBinding/y", Role: "ClusterRole/any"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
