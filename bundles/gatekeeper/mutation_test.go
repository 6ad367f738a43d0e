// SPDX-License-Identifier: Apache-2.0

package gatekeeper_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
)

// psp is a policy that fills nothing in, but for what is in more, which is more of its spec in YAML's flow style; with annotations.
func psp(name, more, annotations string) string {
	spec := map[string]string{
		"fsGroup": "{rule: RunAsAny}", "runAsUser": "{rule: RunAsAny}", "seLinux": "{rule: RunAsAny}", "supplementalGroups": "{rule: RunAsAny}",
	}
	text := ""
	for field, value := range spec {
		if !strings.Contains(more, field+":") {
			text += field + ": " + value + ", "
		}
	}
	return fmt.Sprintf("---\n{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: %q, annotations: {%s}}, spec: {%s%s}}\n", name, annotations, text, more)
}

// grant lets subjects use a policy, * being all: in a namespace, or everywhere if that is empty.
func grant(policy, namespace string, subjects ...string) string {
	names, binding, where := fmt.Sprintf(", resourceNames: [%q]", policy), "ClusterRoleBinding", ""
	if policy == "*" {
		names = ""
	}
	if namespace != "" {
		binding, where = "RoleBinding", fmt.Sprintf(", namespace: %q", namespace)
	}
	id := strings.NewReplacer("*", "all", ":", "-").Replace(policy + namespace + strings.Join(subjects, ""))
	text := fmt.Sprintf("---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: %q}, rules: [{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use]%s}]}\n", id, names)
	for _, s := range subjects {
		text += fmt.Sprintf("---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: %s, metadata: {name: %q%s}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %q}, "+
			"subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: %q}]}\n", binding, id+s, where, id, s)
	}
	return text
}

func clusterOf(t testing.TB, text string) *translate.Cluster {
	t.Helper()
	files := fstest.MapFS{"cluster.yaml": {Data: []byte(text)}}
	cluster, list, err := translate.Load(t.Context(), []manifest.Source{{Name: "cluster.yaml", FS: files, Path: "cluster.yaml"}})
	if err != nil || cluster == nil {
		t.Fatalf("load: %v %v\n%s", err, list, text)
	}
	return cluster
}

const (
	exact    = "allowPrivilegeEscalation: false"
	everyone = "system:authenticated"

	oldGatekeeper = "it is for Gatekeeper before 3.19 (--rego-v0), and mutators can be told to leave updates alone from 3.23 on"
)

// Each field, and each reason for which a mutator cannot write it.
func TestDefaultsAndHowFarMutatorsWriteThem(t *testing.T) {
	const (
		seccomp = "seccomp.security.alpha.kubernetes.io/"
		exactly = gatekeeper.Exact
		not     = gatekeeper.NotExpressible
	)
	for name, tc := range map[string]struct {
		spec, annotations string
		minor             int
		want              map[string]gatekeeper.Expression // by field and value
	}{
		"nothing": {"privileged: true, volumes: ['*']", "", 37, map[string]gatekeeper.Expression{}},
		"groups of the pod": {
			"fsGroup: {rule: MustRunAs, ranges: [{min: 5, max: 9}, {min: 1, max: 2}]}, supplementalGroups: {rule: MustRunAs, ranges: [{min: 0, max: 2}]}", "", 37,
			map[string]gatekeeper.Expression{"spec.securityContext.fsGroup 5": exactly, "spec.securityContext.supplementalGroups [0]": exactly},
		},
		"groups that may be": {
			"fsGroup: {rule: MayRunAs, ranges: [{min: 5, max: 9}]}, runAsGroup: {rule: MayRunAs, ranges: [{min: 5, max: 9}]}", "", 37, map[string]gatekeeper.Expression{},
		},
		"an id beyond floating point": {
			"fsGroup: {rule: MustRunAs, ranges: [{min: 9007199254740993, max: 9007199254740993}]}, supplementalGroups: {rule: MustRunAs, ranges: [{min: 9007199254740993, max: 9007199254740993}]}", "", 37,
			map[string]gatekeeper.Expression{"spec.securityContext.fsGroup 9007199254740993": not, "spec.securityContext.supplementalGroups [9007199254740993]": not},
		},
		"SELinux": {
			"seLinux: {rule: MustRunAs, seLinuxOptions: {level: 's0:c1', user: u}}", "", 37,
			map[string]gatekeeper.Expression{`spec.securityContext.seLinuxOptions {"level":"s0:c1","user":"u"}`: exactly},
		},
		"empty SELinux options": {
			"seLinux: {rule: MustRunAs, seLinuxOptions: {}}", "", 37, map[string]gatekeeper.Expression{"spec.securityContext.seLinuxOptions {}": exactly},
		},
		"runtime class": {
			"runtimeClass: {allowedRuntimeClassNames: ['*'], defaultRuntimeClassName: kata}", "", 37, map[string]gatekeeper.Expression{`spec.runtimeClassName "kata"`: exactly},
		},
		"runtime classes without default": {"runtimeClass: {allowedRuntimeClassNames: [kata]}", "", 37, map[string]gatekeeper.Expression{}},
		"ids of containers": {
			"runAsUser: {rule: MustRunAs, ranges: [{min: 5, max: 9}]}, runAsGroup: {rule: MustRunAs, ranges: [{min: 6, max: 9}]}", "", 37,
			map[string]gatekeeper.Expression{"spec.containers[*].securityContext.runAsUser 5": gatekeeper.Effective, "spec.containers[*].securityContext.runAsGroup 6": gatekeeper.Effective},
		},
		"not root":               {"runAsUser: {rule: MustRunAsNonRoot}", "", 37, map[string]gatekeeper.Expression{"spec.containers[*].securityContext.runAsNonRoot true": gatekeeper.Effective}},
		"read-only file systems": {"readOnlyRootFilesystem: true", "", 37, map[string]gatekeeper.Expression{"spec.containers[*].securityContext.readOnlyRootFilesystem true": exactly}},
		"no escalation":          {exact, "", 37, map[string]gatekeeper.Expression{"spec.containers[*].securityContext.allowPrivilegeEscalation false": exactly}},
		"escalation by default":  {"defaultAllowPrivilegeEscalation: true", "", 37, map[string]gatekeeper.Expression{"spec.containers[*].securityContext.allowPrivilegeEscalation true": exactly}},
		"capabilities": {
			"defaultAddCapabilities: [CHOWN], requiredDropCapabilities: [KILL]", "", 37,
			map[string]gatekeeper.Expression{`spec.containers[*].securityContext.capabilities.add ["CHOWN"]`: not, `spec.containers[*].securityContext.capabilities.drop ["KILL"]`: gatekeeper.Effective},
		},
		"a seccomp default": {"", seccomp + "defaultProfileName: runtime/default", 37, map[string]gatekeeper.Expression{`spec.securityContext.seccompProfile "runtime/default"`: not}},
		"the same for 1.24": {
			"", seccomp + "defaultProfileName: runtime/default", 0, map[string]gatekeeper.Expression{`metadata.annotations[seccomp.security.alpha.kubernetes.io/pod] "runtime/default"`: not},
		},
		"seccomp profiles of pods":    {"", seccomp + "allowedProfileNames: '*'", 37, map[string]gatekeeper.Expression{"spec.securityContext.seccompProfile what the pod's annotation or field says": not}},
		"no seccomp profiles of pods": {"", seccomp + "allowedProfileNames: ','", 37, map[string]gatekeeper.Expression{}},
		"an AppArmor default":         {"", "apparmor.security.beta.kubernetes.io/defaultProfileName: unconfined", 30, map[string]gatekeeper.Expression{`spec.containers[*].securityContext.appArmorProfile "unconfined"`: not}},
		"the same for 1.29": {
			"", "apparmor.security.beta.kubernetes.io/defaultProfileName: unconfined", 29, map[string]gatekeeper.Expression{`metadata.annotations[container.apparmor.security.beta.kubernetes.io/*] "unconfined"`: not},
		},
		"procMount":         {"allowedProcMountTypes: [Default, Unmasked]", "", 33, map[string]gatekeeper.Expression{`spec.containers[*].securityContext.procMount "Default"`: not}},
		"procMount of 1.32": {"allowedProcMountTypes: [Default, Unmasked]", "", 32, map[string]gatekeeper.Expression{}},
	} {
		cluster := clusterOf(t, psp("p", tc.spec, tc.annotations)+grant("p", "", everyone))
		mutations := gatekeeper.Mutations(cluster, gatekeeper.Situation{ServerVersion: tc.minor})
		if len(mutations) != 1 {
			t.Fatalf("%s: %d policies", name, len(mutations))
		}
		got, emitted := map[string]gatekeeper.Expression{}, len(tc.want) > 0
		for _, d := range mutations[0].Defaults {
			got[d.Field+" "+d.Value] = d.Expression
			emitted = emitted && d.Expression == gatekeeper.Exact
			if d.Why == "" {
				t.Errorf("%s: %s: no reason", name, d.Field)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if mutations[0].Emitted() != emitted {
			t.Errorf("%s: emitted is %t: %s", name, !emitted, mutations[0].Why)
		}
	}
}

// Mutators are for namespaces in which nobody may use another policy.
func TestScopeIsWhereOnePolicyGovernsAlone(t *testing.T) {
	one, two, broken := psp("one", exact, ""), psp("two", "readOnlyRootFilesystem: true", ""), psp("broken", "runAsUser: {rule: MustRunAs}", "")
	everywhere := gatekeeper.Scope{Everywhere: true}
	for name, tc := range map[string]struct {
		text, want string
		situation  gatekeeper.Situation
		scope      gatekeeper.Scope
		unfilled   []string
	}{
		"everywhere":                      {text: one + grant("one", "", everyone), scope: everywhere},
		"everywhere, twice":               {text: one + grant("one", "", everyone, "a") + grant("one", "ns", "b"), scope: everywhere},
		"another that nobody may use":     {text: one + two + grant("one", "", everyone), scope: everywhere},
		"another that cannot be used":     {text: one + broken + grant("one", "", everyone) + grant("broken", "", "a"), scope: everywhere},
		"every policy, which is this one": {text: one + broken + grant("*", "", "system:masters"), scope: everywhere},
		"a namespace of no name":          {text: one + two + grant("one", "", everyone) + grant("two", "No_Name", "a"), scope: everywhere},
		"everywhere, among others in a namespace": {
			text: one + two + grant("one", "a", "x") + grant("two", "", everyone),
			want: "it is not the only one that may be used, in any namespace: two (by group system:authenticated) may be, too",
		},
		"administrators": {
			text: one + two + grant("one", "", everyone) + grant("*", "", "system:masters"),
			want: "it is not the only one that may be used, in any namespace: two (by group system:masters) may be, too",
		},
		"but in some namespaces": {
			text:     one + two + grant("one", "", everyone) + grant("two", "b", "x") + grant("*", "a", "y") + grant("one", "c", "z"),
			unfilled: []string{"a", "b"},
			scope:    gatekeeper.Scope{Everywhere: true, Except: []string{"a", "b"}}, want: "other policies may be used in a: two (by group y), b: two (by group x)",
		},
		"in some namespaces": {
			text:  one + two + grant("one", "b", "x") + grant("one", "a", "y") + grant("two", "c", "z"),
			scope: gatekeeper.Scope{Only: []string{"a", "b"}}, want: "it is granted nowhere else",
		},
		"in one of two": {
			text:  one + two + grant("one", "a", "x") + grant("one", "b", "x") + grant("two", "b", "y"),
			scope: gatekeeper.Scope{Only: []string{"a"}}, unfilled: []string{"b"}, want: "other policies may be used in b: two (by group y)",
		},
		"shared wherever it is": {
			text: one + two + grant("one", "a", "x") + grant("two", "a", "x"), want: "other policies may be used wherever it may be: in a: two (by group x)",
		},
		"grants that change": {
			text: one + two + grant("one", "", everyone), situation: gatekeeper.Situation{LiveGrants: true},
			want: "it is not the only one that may be used, in any namespace: two (by whoever RBAC comes to grant it to) may be, too",
		},
		"grants that change, of one policy": {text: one + grant("one", "", everyone), situation: gatekeeper.Situation{LiveGrants: true}, scope: everywhere},
		"an old Gatekeeper": {
			text: one + grant("one", "", everyone), situation: gatekeeper.Situation{OldGatekeeper: true},
			want: oldGatekeeper,
		},
	} {
		m := mutationOf(t, "one", tc.text, tc.situation)
		if diff := cmp.Diff(tc.scope, m.Scope); diff != "" || m.Why != tc.want {
			t.Errorf("%s: %s\ngot  %s\nwant %s", name, diff, m.Why, tc.want)
		}
		if diff := cmp.Diff(tc.unfilled, m.Unfilled); diff != "" || m.Unused {
			t.Errorf("%s: unused is %t, unfilled %s", name, m.Unused, diff)
		}
	}
}

func mutationOf(t *testing.T, policy, text string, s gatekeeper.Situation) gatekeeper.Mutation {
	t.Helper()
	for _, m := range gatekeeper.Mutations(clusterOf(t, text), s) {
		if m.Policy == policy {
			return m
		}
	}
	t.Fatalf("no policy %s", policy)
	return gatekeeper.Mutation{}
}

// A policy that nobody may use has no mutators, and lacks none.
func TestPoliciesThatNobodyMayUse(t *testing.T) {
	const inexact = "mutators cannot write exactly spec.containers[*].securityContext.runAsNonRoot"
	one, two, not := psp("one", exact, ""), psp("two", "readOnlyRootFilesystem: true", ""), psp("one", "runAsUser: {rule: MustRunAsNonRoot}", "")
	for name, tc := range map[string]struct {
		text, want string
		situation  gatekeeper.Situation
		unused     bool
	}{
		"nobody":                        {text: one, want: "nobody may use it", unused: true},
		"nobody, but others":            {text: one + two + grant("two", "", everyone) + grant("two", "a", "x"), want: "nobody may use it", unused: true},
		"in a namespace of no name":     {text: one + grant("one", "No_Name", "a"), want: "nobody may use it", unused: true},
		"not exact, and nobody":         {text: not, want: inexact, unused: true},
		"not exact":                     {text: not + grant("one", "a", "x"), want: inexact},
		"nobody yet":                    {text: one, situation: gatekeeper.Situation{LiveGrants: true}},
		"nobody, and an old Gatekeeper": {text: one, situation: gatekeeper.Situation{OldGatekeeper: true}, want: oldGatekeeper, unused: true},
	} {
		m := mutationOf(t, "one", tc.text, tc.situation)
		if m.Unused != tc.unused || m.Why != tc.want || tc.unused && m.Emitted() {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestTooManyNamespacesHaveNoMutators(t *testing.T) {
	for n, want := range map[int]bool{5000: true, 5001: false} {
		cluster := clusterOf(t, psp("one", exact, "")+grant("one", "a", "x"))
		namespaces := cluster.Grants.Groups["x"].Namespaces
		for i := range n {
			namespaces[fmt.Sprintf("team-%05d", i)] = namespaces["a"]
		}
		delete(namespaces, "a")
		m := gatekeeper.Mutations(cluster, gatekeeper.Situation{})[0]
		if m.Emitted() != want || !want && m.Why != "Gatekeeper would compare every pod with more than 5000 namespaces" {
			t.Errorf("%d namespaces: %t, %s", n, m.Emitted(), m.Why)
		}
	}
}

type assign struct {
	APIVersion, Kind string
	Metadata         struct {
		Name        string
		Annotations map[string]string
	}
	Spec struct {
		ApplyTo []struct{ Groups, Versions, Kinds, Operations []string }
		Match   struct{ Namespaces, ExcludedNamespaces []string }

		Location   string
		Parameters struct {
			Assign    struct{ Value any }
			PathTests []struct{ SubPath, Condition string }
		}
	}
}

// mutatorsOf builds the folder of a cluster and reads its mutators.
func mutatorsOf(t testing.TB, text string) (map[string][]byte, []assign) {
	t.Helper()
	cluster := clusterOf(t, text)
	out, err := translate.Compile(t.Context(), cluster, translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	files := build(t, out, gatekeeper.Options{Mutations: gatekeeper.Mutations(cluster, gatekeeper.Situation{})})
	var all []assign
	for _, document := range bytes.Split(files[gatekeeper.MutatorsFile], []byte("\n---\n")) {
		a := assign{}
		if err := yaml.UnmarshalStrict(document, &a); err != nil {
			t.Fatal(err)
		}
		if a.Kind != "" {
			all = append(all, a)
		}
	}
	return files, all
}

func TestMutatorsWriteWhereNothingIs(t *testing.T) {
	files, all := mutatorsOf(t, psp("one", "fsGroup: {rule: MustRunAs, ranges: [{min: 5, max: 9}]}, readOnlyRootFilesystem: true", "")+
		psp("two", exact, "")+grant("one", "a", "x")+grant("two", "b", "x"))
	if !strings.Contains(string(files["kustomization.yaml"]), "  - mutators.yaml\n") {
		t.Errorf("kustomize is not told:\n%s", files["kustomization.yaml"])
	}
	got := map[string]string{}
	for _, a := range all {
		if a.APIVersion != "mutations.gatekeeper.sh/v1" || a.Kind != "Assign" || fmt.Sprint(a.Spec.ApplyTo) != "[{[] [v1] [Pod] [CREATE]}]" ||
			fmt.Sprint(a.Spec.Parameters.PathTests) != fmt.Sprintf("[{%s MustNotExist}]", a.Spec.Location) || len(a.Spec.Match.ExcludedNamespaces) > 0 {
			t.Errorf("%+v", a)
		}
		got[a.Metadata.Name] = fmt.Sprintf("%s = %v in %v", a.Spec.Location, a.Spec.Parameters.Assign.Value, a.Spec.Match.Namespaces)
	}
	want := map[string]string{
		"psp-fs-group.one":                             "spec.securityContext.fsGroup = 5 in [a]",
		"psp-read-only-root-filesystem-init.one":       "spec.initContainers[name: *].securityContext.readOnlyRootFilesystem = true in [a]",
		"psp-read-only-root-filesystem.one":            "spec.containers[name: *].securityContext.readOnlyRootFilesystem = true in [a]",
		"psp-read-only-root-filesystem-ephemeral.one":  "spec.ephemeralContainers[name: *].securityContext.readOnlyRootFilesystem = true in [a]",
		"psp-allow-privilege-escalation-init.two":      "spec.initContainers[name: *].securityContext.allowPrivilegeEscalation = false in [b]",
		"psp-allow-privilege-escalation.two":           "spec.containers[name: *].securityContext.allowPrivilegeEscalation = false in [b]",
		"psp-allow-privilege-escalation-ephemeral.two": "spec.ephemeralContainers[name: *].securityContext.allowPrivilegeEscalation = false in [b]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNoMutatorsNoFile(t *testing.T) {
	files, all := mutatorsOf(t, psp("one", "runAsUser: {rule: MustRunAsNonRoot}", "")+grant("one", "", everyone))
	if _, ok := files[gatekeeper.MutatorsFile]; ok || len(all) > 0 || strings.Contains(string(files["kustomization.yaml"]), "mutators") {
		t.Errorf("there is a file for no mutators: %v", all)
	}
}

// Names fit whatever policies are called, and no two policies share one.
func TestNamesOfMutators(t *testing.T) {
	long := strings.Repeat("a", 200)
	names := []string{"a", "a.b", "a-b", "a--b", "init", "init.a", "b.init", "1", strings.Repeat("b", 30), long, long + ".b", strings.Repeat("b", 22), strings.Repeat("b", 23)}
	seen := map[string]string{}
	for i, name := range names {
		_, all := mutatorsOf(t, psp(name, exact+", readOnlyRootFilesystem: true", "")+grant(name, fmt.Sprintf("ns-%d", i), "x"))
		if len(all) != 6 {
			t.Fatalf("%s: %d mutators", name, len(all))
		}
		for _, a := range all {
			n := a.Metadata.Name
			if other, ok := seen[n]; ok || len(n) > 63 || strings.Trim(n, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
				t.Errorf("%s: %q, as %q", name, n, other)
			}
			seen[n] = name
		}
	}
	if seen["psp-read-only-root-filesystem.a.b"] != "a.b" {
		t.Errorf("a short name is not told: %v", seen)
	}
}

// Whoever gives one policy twice gets an error and no objects.
func TestTwoMutatorsOfOneNameAreAnError(t *testing.T) {
	cluster := clusterOf(t, psp("one", exact, "")+grant("one", "", everyone))
	out, err := translate.Compile(t.Context(), cluster, translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	twice := append(gatekeeper.Mutations(cluster, gatekeeper.Situation{}), gatekeeper.Mutations(cluster, gatekeeper.Situation{})...)
	folder, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, out, opa.Meta{}, gatekeeper.Options{Mutations: twice})
	if folder != nil || err == nil || !strings.Contains(err.Error(), `mutators.yaml: Assign "psp-allow-privilege-escalation-init.one" is in mutators.yaml already`) {
		t.Errorf("%v", err)
	}
}
