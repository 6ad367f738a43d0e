// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

// load reads two policies, of which the second may or may not be privileged, and a grant of the first to somebody.
func load(t *testing.T, privileged bool, user string) *translate.Cluster {
	t.Helper()
	policy := `{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":%q},"spec":{"privileged":%v,` +
		`"runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}}`
	text := fmt.Sprintf(policy, "a", false) + "\n---\n" + fmt.Sprintf(policy, "b", privileged) + "\n---\n" +
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"a"},"rules":[{"verbs":["use"],` +
		`"apiGroups":["policy"],"resources":["podsecuritypolicies"],"resourceNames":["a"]}]}` + "\n---\n" +
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"a"},"roleRef":{"kind":"ClusterRole",` +
		`"name":"a"},"subjects":[{"kind":"User","name":"` + user + `"}]}`
	cluster, list, err := translate.Load(context.Background(), []manifest.Source{{Name: "x.yaml", Reader: strings.NewReader(text)}})
	if err != nil || cluster == nil {
		t.Fatal(err, list)
	}
	return cluster
}

// TestACompilerKeepsTheModulesOfPoliciesThatStay asks for the very bytes, not equal ones: nothing was compiled.
func TestACompilerKeepsTheModulesOfPoliciesThatStay(t *testing.T) {
	compiler := &translate.Compiler{}
	compile := func(c *translate.Cluster) *translate.Output {
		t.Helper()
		out, err := compiler.Compile(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := translate.Compile(t.Context(), c, translate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(fresh, out); d != "" {
			t.Fatalf("not what is compiled afresh: %s", d)
		}
		return out
	}
	module := func(out *translate.Output, name string) *byte {
		i := slices.IndexFunc(out.Files, func(f translate.File) bool { return f.Path == translate.PolicyPath(name) })
		return &out.Files[i].Data[0]
	}
	first := compile(load(t, false, "jeff"))
	second := compile(load(t, false, "anna"))
	if module(first, "a") != module(second, "a") || module(first, "b") != module(second, "b") {
		t.Error("another grant: modules were compiled again")
	}
	third := compile(load(t, true, "anna"))
	if module(third, "a") != module(second, "a") {
		t.Error("another policy: a module was compiled again that stayed as it was")
	}
	if module(third, "b") == module(second, "b") {
		t.Error("a changed policy has the module from before")
	}
}
