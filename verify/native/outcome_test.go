// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scenario is one request to one cluster and what becomes of it.
type scenario struct {
	name     string
	dialect  string
	policies string // YAML: name -> fields over laxSpec
	rbac     string // YAML stream; empty means everyoneUsesAll
	request  string // YAML: fields over a create of pod p by jeff
	want     string // as outcome renders it
}

// runScenarios asks one evaluator for a review of each scenario's request.
func runScenarios(t *testing.T, scenarios []scenario) {
	t.Helper()
	e := start(t)
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			e.t = t
			rbac := s.rbac
			if rbac == "" {
				rbac = everyoneUsesAll
			}
			e.setCluster(s.dialect, append(policies(t, s.policies), manifests(t, rbac)...))
			got := outcome(e.ask("review", podRequestYAML(t, s.request)))
			if diff := cmp.Diff(strings.TrimSpace(s.want), got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
	e.t = t
}

// outcome renders an answer in a few lines: per phase the chosen policy with what it
// changed, or the refusal; and what API validation says of the pod in between.
func outcome(r reply) string {
	if r.Error != nil {
		return "error: " + r.Error.Kind + ": " + r.Error.Message
	}
	var lines []string
	if r.Admit != nil {
		var before map[string]any
		if r.Request != nil {
			before, _ = r.Request["object"].(map[string]any)
		}
		lines = append(lines, "admit: "+phaseOutcome(r.Admit, changes(before, r.Admit.Object)))
	}
	if r.Created != nil {
		for _, e := range r.Created.Errors {
			lines = append(lines, "invalid: "+e)
		}
	}
	if r.Validate != nil {
		lines = append(lines, "validate: "+phaseOutcome(r.Validate, nil))
	}
	return strings.Join(lines, "\n")
}

func phaseOutcome(v *replyVerdict, changed []string) string {
	switch {
	case !v.Handled && v.Allowed:
		return "ignored"
	case v.Allowed && len(changed) > 0:
		return v.Policy + " sets " + strings.Join(changed, " ")
	case v.Allowed:
		return v.Policy
	}
	return strings.TrimPrefix(v.Message, `pods "p" is forbidden: `)
}

// changes lists the leaves of after that differ from before, the policy annotation aside.
func changes(before, after map[string]any) []string {
	if before == nil || after == nil {
		return nil
	}
	old, leaves := map[string]string{}, map[string]string{}
	flatten("", before, old)
	flatten("", after, leaves)
	var changed []string
	for _, path := range slices.Sorted(maps.Keys(leaves)) {
		if old[path] != leaves[path] && path != "metadata.annotations.kubernetes.io/psp" {
			changed = append(changed, path+"="+leaves[path])
		}
	}
	return changed
}

func flatten(path string, value any, into map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			flatten(strings.TrimPrefix(path+"."+key, "."), member, into)
		}
	case []any:
		for i, member := range value {
			flatten(fmt.Sprintf("%s[%d]", path, i), member, into)
		}
	default:
		into[path] = fmt.Sprint(value)
	}
}
