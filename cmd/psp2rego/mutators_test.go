// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/translate"
	"psp2rego/verify"
)

// mutatorRun compares what is translated for Gatekeeper, edited, with native.
func mutatorRun(t *testing.T, text string, minor, cases int, edit func([]byte) []byte) *verify.Report {
	t.Helper()
	var objects []json.RawMessage
	for document := range strings.SplitSeq(text, "---\n") {
		object, err := yaml.YAMLToJSONStrict([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if string(object) != "null" {
			objects = append(objects, object)
		}
	}
	o := verify.Options{Objects: objects, Constraints: true, Cases: cases, Seed: 1, AllowUndecided: true, Workers: 2}
	o.Translate = func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
		made, err := constraintsFor(minor, gatekeeper.Options{})(ctx, objects, dialect)
		if err == nil && edit != nil {
			made = edit(made)
		}
		return made, err
	}
	var err error
	if o.Native.Path, err = findNative(cmp.Or(os.Getenv("PSP2REGO_NATIVE"), "../../bin/"+nativeName)); err != nil {
		t.Fatal(err)
	}
	if o.Gatekeeper.Path, err = findGatekeeper(cmp.Or(os.Getenv("PSP2REGO_GATEKEEPER"), "../../bin/"+gatekeeperName)); err != nil {
		t.Fatal(err)
	}
	report, err := verify.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// governed is a cluster in which everybody may use one policy, in a namespace or, if that is empty, everywhere.
func governed(policy, namespace, spec string) string {
	binding, where := "ClusterRoleBinding", ""
	if namespace != "" {
		binding, where = "RoleBinding", ", namespace: "+namespace
	}
	const role = "{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "
	return fmt.Sprintf("{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: %s}, spec: {%s}}\n", policy, spec) +
		fmt.Sprintf("---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: %s}, rules: [{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use], resourceNames: [%s]}]}\n", policy, policy) +
		fmt.Sprintf("---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: %s, metadata: {name: %s%s}, roleRef: %s%s}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:authenticated'}]}\n---\n",
			binding, policy, where, role, policy)
}

const everyExactField = "hostPID: true, volumes: ['*'], allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: {rule: RunAsAny}, " +
	"fsGroup: {rule: MustRunAs, ranges: [{min: 2000, max: 2100}, {min: 1, max: 5}]}, supplementalGroups: {rule: MustRunAs, ranges: [{min: 3000, max: 3100}]}, " +
	"seLinux: {rule: MustRunAs, seLinuxOptions: {level: 's0:c1,c2', type: web_t}}, runtimeClass: {allowedRuntimeClassNames: [kata, runc], defaultRuntimeClassName: kata}"

func phase(report *verify.Report, phase verify.Phase) (n verify.PhaseCount) {
	for _, p := range report.Passes {
		n.Asked += p.Phases[phase].Asked
		n.Agree += p.Phases[phase].Agree
		n.Allowed += p.Phases[phase].Allowed
		n.Refused += p.Phases[phase].Refused
		n.Mutated += p.Phases[phase].Mutated
	}
	return n
}

// Where every default can be written, pods come out as native leaves them, on every API server, and are then judged alike.
func TestMutatorsLeaveThePodsThatNativeLeaves(t *testing.T) {
	for _, minor := range []int{translate.OldestServer, translate.NewestServer} {
		report := mutatorRun(t, governed("web", "", everyExactField), minor, 300, nil)
		n := phase(report, verify.Mutate)
		if report.Diverging() > 0 || n.Asked < 200 || n.Mutated < 50 || n.Refused < 50 {
			t.Errorf("1.%d: %d divergences; %+v", minor, report.Diverging(), n)
		}
	}
}

// Two policies govern two namespaces: each has its defaults in its own.
func TestMutatorsOfOneNamespaceLeaveTheOthersAlone(t *testing.T) {
	text := governed("web", "front", everyExactField) + governed("low", "back", strings.NewReplacer("2000", "4000", "readOnlyRootFilesystem: true, ", "").Replace(everyExactField))
	report := mutatorRun(t, text, translate.NewestServer, 200, nil)
	if n := phase(report, verify.Mutate); report.Diverging() > 0 || n.Mutated < 20 {
		t.Errorf("%d divergences; %+v", report.Diverging(), n)
	}
}

// Policies of exact fields in any combination.
func TestMutatorsOfAnyExactPolicy(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	id := func() int { return []int{0, 1, 65534, 2147483647}[random.IntN(4)] }
	for i := range 6 {
		pick := func(choices ...string) string { return choices[random.IntN(len(choices))] }
		group := func(field string) string {
			low := id()
			return fmt.Sprintf("%s: %s, ", field, pick("{rule: RunAsAny}", fmt.Sprintf("{rule: MustRunAs, ranges: [{min: %d, max: %d}]}", low, max(low, id())),
				fmt.Sprintf("{rule: MayRunAs, ranges: [{min: %d, max: %d}]}", low, max(low, id()))))
		}
		spec := group("fsGroup") + group("supplementalGroups") +
			pick("privileged: true, ", "") + pick("readOnlyRootFilesystem: true, ", "") +
			pick("defaultAllowPrivilegeEscalation: true, ", "defaultAllowPrivilegeEscalation: false, ", "allowPrivilegeEscalation: false, ") +
			pick("runtimeClass: {allowedRuntimeClassNames: ['*'], defaultRuntimeClassName: a}, ", "") +
			pick("allowedCapabilities: ['*'], ", "") + pick("hostNetwork: true, ", "") + "volumes: ['*'], runAsUser: {rule: RunAsAny}, seLinux: " +
			pick("{rule: RunAsAny}", "{rule: MustRunAs, seLinuxOptions: {}}", "{rule: MustRunAs, seLinuxOptions: {user: u, role: r, type: t, level: s0}}")
		report := mutatorRun(t, governed("p", "", spec), translate.NewestServer, 60, nil)
		if n := phase(report, verify.Mutate); report.Diverging() > 0 || n.Asked < 20 || n.Allowed == 0 {
			t.Errorf("policy %d: %s: %d divergences; %+v", i, spec, report.Diverging(), n)
		}
	}
}

// A mutator that does something else is found, whatever it is.
func TestWrongMutatorsAreFound(t *testing.T) {
	replace := func(old, new string) func([]byte) []byte {
		return func(text []byte) []byte { return bytes.ReplaceAll(text, []byte(old), []byte(new)) }
	}
	two := governed("web", "front", everyExactField) + governed("low", "back", strings.ReplaceAll(everyExactField, "2000", "4000"))
	for name, tc := range map[string]struct {
		text  string
		edit  func([]byte) []byte
		class verify.Class
	}{
		"another value":       {governed("web", "", everyExactField), replace("value: 2000", "value: 2001"), verify.Mutation},
		"it overwrites":       {governed("web", "", everyExactField), replace("subPath: spec.securityContext.fsGroup\n        condition: MustNotExist", "subPath: spec\n        condition: MustExist"), verify.Mutation},
		"updates, too":        {governed("web", "", everyExactField), replace("- CREATE", "- CREATE\n        - UPDATE"), verify.Mutation},
		"not init containers": {governed("web", "", everyExactField), replace("spec.initContainers[name: *].securityContext.readOnly", "spec.initContainers[name: none].securityContext.readOnly"), verify.Mutation},
		"another namespace":   {two, replace("      - back\n", "      - front\n"), verify.Mutation},
	} {
		report := mutatorRun(t, tc.text, translate.NewestServer, 200, tc.edit)
		found := 0
		for _, p := range report.Passes {
			found += p.Divergences[tc.class]
		}
		if found == 0 {
			t.Errorf("%s: not found among %d divergences; %+v", name, report.Diverging(), phase(report, verify.Mutate))
		}
	}
}
