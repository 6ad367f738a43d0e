// SPDX-License-Identifier: Apache-2.0

package clusters

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"psp2rego/verify/e2e/processes"
)

// Sentinel tells when a state counts: API servers and OPA see changes some time after they were made. It is one object of each kind that
// decides, written after all others; whoever sees the last object of a kind has seen those before it. Its policy comes first by its name, and accepts no pod but
// its own: no other asks for that seccomp profile.
type Sentinel struct {
	name string
}

// NewSentinel is one for a state with a number of its own.
func NewSentinel(number int) Sentinel { return Sentinel{fmt.Sprintf("0--e2e-%d", number)} }

// Name is that of the policy. It comes before any other name but "0" and such that begin with "0-".
func (s Sentinel) Name() string { return s.name }

const sentinelProfile = "psp2rego-e2e-sentinel"

// Objects are to be applied behind all others.
func (s Sentinel) Objects() []json.RawMessage {
	type object = map[string]any
	whatever := object{"rule": "RunAsAny"}
	meta := object{"name": s.name}
	namespaced := object{"name": s.name, "namespace": "default"}
	rules := []any{object{"apiGroups": []any{"policy"}, "resources": []any{"podsecuritypolicies"}, "resourceNames": []any{s.name}, "verbs": []any{"use"}}}
	subject := func(user string) []any {
		return []any{object{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}}
	}
	ref := func(kind string) object {
		return object{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": s.name}
	}
	var all []json.RawMessage
	for _, o := range []object{
		{"apiVersion": pspAPI, "kind": "PodSecurityPolicy", "metadata": object{"name": s.name, "annotations": object{
			"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "localhost/" + sentinelProfile,
		}}, "spec": object{"runAsUser": whatever, "fsGroup": whatever, "supplementalGroups": whatever, "seLinux": whatever}},
		{"apiVersion": rbacAPI, "kind": "ClusterRole", "metadata": meta, "rules": rules},
		{"apiVersion": rbacAPI, "kind": "Role", "metadata": namespaced, "rules": rules},
		{"apiVersion": rbacAPI, "kind": "ClusterRoleBinding", "metadata": meta, "roleRef": ref("ClusterRole"), "subjects": subject(s.name)},
		{"apiVersion": rbacAPI, "kind": "RoleBinding", "metadata": namespaced, "roleRef": ref("Role"), "subjects": subject(s.name + "-namespaced")},
	} {
		data, err := json.Marshal(o)
		if err != nil {
			panic(err) // strings and numbers alone
		}
		all = append(all, data)
	}
	return all
}

// Await comes back when the server judges by the state that the sentinel belongs to.
func (s Sentinel) Await(ctx context.Context, server *Server) error {
	pod := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"sentinel"},"spec":{"automountServiceAccountToken":false,`+
		`"securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":%q}},"containers":[{"name":"c","image":"i"}]}}`, sentinelProfile)
	for _, user := range []string{s.name, s.name + "-namespaced"} {
		var last Outcome
		err := processes.Until(ctx, func(ctx context.Context) (bool, error) {
			answer, err := server.Do(ctx, &Call{Method: http.MethodPost, Path: PodsPath("default"), As: user, DryRun: true, Body: pod})
			if err != nil {
				return false, err
			}
			last = OutcomeOf(answer)
			return last.Kind == Admitted && last.Policy == s.name, nil
		})
		if err != nil {
			return fmt.Errorf("the state of %s does not count: %w; last answer: %+v", s.name, err, last)
		}
	}
	return nil
}
