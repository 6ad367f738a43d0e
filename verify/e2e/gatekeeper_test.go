// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/processes"
)

// TestGatekeeperValidates walks through the scenario with Gatekeeper as the validating webhook, behind OPA as the mutating one, and then changes stored pods,
// which Gatekeeper alone judges.
func TestGatekeeperValidates(t *testing.T) {
	shared.validateByGatekeeper(t)
	walk(t)
	forJeff(t)
	path := clusters.PodsPath("default") + "/judged"
	both(t, clusters.Call{Method: http.MethodPost, Path: clusters.PodsPath("default"), As: "jeff", Body: pod(`"name":"judged"`, plainContainers)},
		expectation{kind: clusters.Admitted, policy: "unprivileged"})
	for user, want := range map[string]expectation{
		"jeff":   {kind: clusters.Admitted, policy: "unprivileged"},
		"nobody": {kind: clusters.Denied, message: "PodSecurityPolicy: unable to validate pod: []"},
	} {
		both(t, clusters.Call{
			Method: http.MethodPatch, Path: path, As: user, ContentType: "application/merge-patch+json", Body: fmt.Appendf(nil, `{"metadata":{"labels":{"by":%q}}}`, user), // an update that changes nothing is ignored
		}, want)
	}
	for _, side := range []*side{shared.old, shared.new} {
		side.remove(t, path)
	}
	shared.gatekeeper.Process().Kill()
	call := dry("jeff", pod(`"name":"p"`, plainContainers))
	answer, err := shared.new.front.Do(within(t), &call)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status == nil || !strings.Contains(answer.Status.Message, "failed calling webhook") {
		t.Errorf("without Gatekeeper: %+v", answer)
	}
}

// TestGatekeeperFollowsBindings walks through the scenario with a Gatekeeper that reads roles and bindings itself. Then bindings are edited, without any translation, and updates of
// a stored pod are asked about, which Gatekeeper alone judges.
func TestGatekeeperFollowsBindings(t *testing.T) {
	shared.liveRBAC = true
	shared.validateByGatekeeper(t)
	walk(t)
	forJeff(t)
	both(t, clusters.Call{Method: http.MethodPost, Path: clusters.PodsPath("default"), As: "jeff", Body: pod(`"name":"followed"`, plainContainers)},
		expectation{kind: clusters.Admitted, policy: "unprivileged"})
	const bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
	const binding = `{"metadata":{"name":"late"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"unprivileged-psp-role"},` +
		`"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"late"}]}`
	path := clusters.PodsPath("default") + "/followed"
	update := clusters.Call{
		Method: http.MethodPatch, Path: path, As: "late", DryRun: true, ContentType: "application/merge-patch+json", Body: []byte(`{"metadata":{"labels":{"by":"late"}}}`),
	}
	refused := expectation{kind: clusters.Denied, message: "PodSecurityPolicy: unable to validate pod: []"}
	for _, edit := range []struct {
		call clusters.Call
		want expectation
	}{
		{clusters.Call{Method: http.MethodGet, Path: bindings}, refused},
		{clusters.Call{Method: http.MethodPost, Path: bindings, Body: []byte(binding)}, expectation{kind: clusters.Admitted, policy: "unprivileged"}},
		{clusters.Call{Method: http.MethodDelete, Path: bindings + "/late"}, refused},
	} {
		for _, side := range []*side{shared.old, shared.new} {
			if _, err := side.back.Must(within(t), &edit.call); err != nil {
				t.Fatal(err)
			}
			err := processes.Until(within(t), func(ctx context.Context) (bool, error) {
				answer, err := side.front.Do(ctx, &update)
				return err == nil && clusters.OutcomeOf(answer).Kind == edit.want.kind, err
			})
			if err != nil {
				t.Fatalf("%s %s does not count on the %s cluster: %v", edit.call.Method, edit.call.Path, side.Name, err)
			}
		}
		both(t, update, edit.want)
	}
	for _, side := range []*side{shared.old, shared.new} {
		side.remove(t, path)
	}
}

// validateByGatekeeper has Gatekeeper validate until the test ends.
func (w *world) validateByGatekeeper(t testing.TB) {
	t.Helper()
	w.gatekeeping = true
	t.Cleanup(func() {
		w.gatekeeping, w.liveRBAC = false, false
		if w.gatekeeper == nil {
			return
		}
		ctx := context.WithoutCancel(t.Context())
		if err := w.stack.Register(ctx); err != nil { // OPA again
			t.Error(err)
		}
		if err := w.gatekeeper.Close(ctx); err != nil {
			t.Error(err)
		}
		w.gatekeeper = nil
	})
}

// gatekeep has Gatekeeper know the state, and starts it if it does not run with this stack. It is asked by the API server once it enforces.
func (w *world) gatekeep(ctx context.Context, policies []byte) error {
	started := w.gatekeeper == nil
	if started {
		g, err := w.stack.StartGatekeeper(ctx, filepath.Join(*bin, "e2e", "crds"))
		if err != nil {
			return err
		}
		w.gatekeeper = g
	}
	w.gatekeeper.LiveRBAC = w.liveRBAC
	if err := w.gatekeeper.Apply(ctx, policies); err != nil || !started {
		return err
	}
	return w.gatekeeper.Register(ctx)
}
